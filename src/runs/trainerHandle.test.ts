import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleConfig } from '../../test/runs/sampleRun';
import { TRAINER_PROTOCOL, type TrainParams } from '../protocol/trainer';
import { startTrainer } from './trainerHandle';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-trainer-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A child that speaks the channel's envelopes by hand; `answers` is the body of its message listener. */
function child(answers: string, setup = ''): string {
  const script = join(folder, 'trainer.cjs');
  writeFileSync(
    script,
    `const send = (message) => process.send(message);
     const event = (name, payload) => send({ t: 'event', name, payload });
     process.on('message', (message) => { ${answers} });
     ${setup}
     send({ t: 'hello', version: ${TRAINER_PROTOCOL} });`,
  );
  return script;
}

const TRAINS = `
  if (message.name === 'train') { send({ t: 'result', id: message.id, result: { device: 'cpu' } }); event('committed', { iteration: 1 }); }
  if (message.name === 'stop') {
    send({ t: 'result', id: message.id, result: null });
    event('ended', { how: 'stopped', iteration: 1 });
    setTimeout(() => process.exit(0), 20);
  }`;

function params(change: Partial<TrainParams> = {}): TrainParams {
  return {
    start: 'new',
    folder: join(folder, 'run'),
    name: 'x',
    config: sampleConfig(),
    threads: 1,
    spin: false,
    device: 'cpu',
    ...change,
  } as TrainParams;
}

const grace = { request: 3000, signal: 3000 };

describe('startTrainer', () => {
  it('starts, tells what is committed, and stops when asked; asking again changes nothing', async () => {
    const trainer = startTrainer(params(), { script: child(TRAINS), grace });
    const committed = new Promise((resolve) => trainer.onCommitted(resolve));
    expect(await trainer.started).toEqual({ device: 'cpu' });
    expect(await committed).toEqual({ iteration: 1 });
    const [first, second] = [trainer.stop(), trainer.stop()];
    expect(await first).toEqual({ how: 'stopped', iteration: 1 });
    expect(await second).toEqual(await trainer.stopped);
  });

  it('refuses with the trainer’s own line, and ends it', async () => {
    const script = child(`if (message.name === 'train') send({ t: 'error', id: message.id, message: 'trained by pid 7 on lab' });`);
    const trainer = startTrainer(params(), { script, grace: { request: 50, signal: 3000 } });
    await expect(trainer.started).rejects.toThrow('trained by pid 7 on lab');
    expect(await trainer.stopped).toEqual({ how: 'died', message: 'The trainer was killed by SIGTERM' });
  });

  it('makes one stop that does not listen', async () => {
    const script = child(
      `if (message.name === 'train') send({ t: 'result', id: message.id, result: { device: 'cpu' } });`,
      `process.on('SIGTERM', () => undefined);`,
    );
    const trainer = startTrainer(params(), { script, grace: { request: 50, signal: 50 } });
    await trainer.started;
    expect(await trainer.stop()).toEqual({ how: 'died', message: 'The trainer was killed by SIGKILL' });
  });

  it('says of what a trainer died', async () => {
    const script = child(`if (message.name === 'train') { throw new Error('cannot allocate 40 GB'); }`);
    const trainer = startTrainer(params(), { script, grace });
    await expect(trainer.started).rejects.toThrow('The trainer exited with code 1: Error: cannot allocate 40 GB');
    expect(await trainer.stopped).toMatchObject({ how: 'died' });
  });

  it('says so when there is no trainer to start', async () => {
    const trainer = startTrainer(params(), { script: join(folder, 'none.cjs'), grace });
    await expect(trainer.started).rejects.toThrow('Cannot find module');
  });

  it('closes the channel of a trainer that announces what the protocol does not know', async () => {
    const script = child(
      `if (message.name === 'train') { send({ t: 'result', id: message.id, result: { device: 'cpu' } }); event('progress', { phase: 'dreaming' }); }`,
      `process.on('disconnect', () => process.exit(0));`,
    );
    const trainer = startTrainer(params(), { script, grace: { request: 50, signal: 3000 } });
    await trainer.started;
    expect(await trainer.stop()).toMatchObject({ how: 'died' });
  });

  it('gives one that may outlive the window a log file instead of pipes', async () => {
    const script = child(TRAINS, `process.stderr.write('hello from the trainer\\n');`);
    const trainer = startTrainer(params({ keepTraining: true }), { script, grace });
    await trainer.started;
    await trainer.stop();
    expect(readFileSync(join(folder, 'run/trainer.log'), 'utf8')).toContain('hello from the trainer');
  });
});
