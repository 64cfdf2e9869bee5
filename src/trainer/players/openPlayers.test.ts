import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TabularEngine } from '../../../test/unit/trainer/tabularEngine';
import { runToy, toyConfig, toyParams } from '../../../test/unit/trainer/toyRun';
import type { GameId } from '../../domain/games/game';
import { random } from '../../domain/random';
import { chatEndpoints } from '../../protocol/chatEndpoints';
import { mediaFolder } from '../../runs/media';
import { openPlayers, sharedRules } from './openPlayers';
import type { PolicyPlayer } from './player';
import { readPlayers } from './spec';

const apis = chatEndpoints.parse({ lab: { baseUrl: 'http://localhost:1/v1', model: 'm', keyVariable: 'LAB_KEY' } });

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'open-players-'));
  await runToy(toyParams(join(cwd, 'three'), toyConfig({ iterations: 2, temperature: 0.7 })));
  await runToy(toyParams(join(cwd, 'five'), toyConfig({ iterations: 2, gameSettings: { rounds: 5 }, decoding: 'retry', retries: 2 })));
});
afterAll(() => rm(cwd, { recursive: true }));

async function open(players: string, game: GameId = 'ipd', given: { rounds?: number } = {}) {
  const specs = await readPlayers(players.split(','), { game, apis, cwd });
  const rules = sharedRules(game, specs, given);
  const engines: TabularEngine[] = [];
  const asked: string[] = [];
  const disposed: TabularEngine[] = [];
  const opened = await openPlayers(specs, {
    game,
    rules,
    media: mediaFolder(__dirname),
    openEngine: async () => {
      const engine = new TabularEngine();
      engines.push(engine);
      engine.dispose = async () => void disposed.push(engine);
      return engine;
    },
    keyOf: (name, { keyVariable }) => {
      asked.push(`${name} ${keyVariable}`);
      return 'key';
    },
    random: random(1),
  });
  return { ...opened, rules, engines, disposed, asked };
}

describe('openPlayers', () => {
  it('loads every policy of one base model on one engine, and closes it', async () => {
    const { players, engines, disposed, dispose, warnings } = await open('three,three@0,seed,scripted:tit-for-tat');
    expect(players.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'three@2 policy',
      'three@0 policy',
      'seed policy',
      'scripted:tit-for-tat scripted',
    ]);
    expect(engines).toHaveLength(1);
    const [trained, start, seed] = players as PolicyPlayer[];
    expect(new Set([trained!.policy, start!.policy, seed!.policy]).size).toBe(3);
    expect(seed!.policy).toBe(engines[0]!.base);
    expect(trained!.policy.name).toBe('three@2');
    expect(warnings).toEqual([]);
    await dispose();
    expect(disposed).toEqual(engines);
  });

  it('has a run play as it was trained, and everybody by its rules', async () => {
    const { players, rules } = await open('three,seed');
    expect(rules).toEqual({ rounds: 3, payoffs: { T: 5, R: 3, P: 1, S: 0 } });
    const [trained, seed] = players as PolicyPlayer[];
    expect(trained!.speech).toMatchObject({ decoding: 'masked', temperature: 0.7 });
    expect(seed!.speech).toEqual({ decoding: 'masked', retries: 0, temperature: 1 });
    expect([trained!.settings.rounds, seed!.settings.rounds]).toEqual([3, 3]);
    expect((await open('five@2')).players[0]).toMatchObject({ settings: { rounds: 5 }, speech: { decoding: 'retry', retries: 2 } });
  });

  it('asks what to play where runs were trained under different rules', async () => {
    await expect(open('three,five')).rejects.toThrow(
      'three@2 was trained with rounds 3, five@2 with 5: say which to play with --set rounds=…',
    );
    const { players } = await open('three,five', 'ipd', { rounds: 4 });
    expect((players as PolicyPlayer[]).map(({ settings }) => settings.rounds)).toEqual([4, 4]);
  });

  it('gives chat players full prompts and the key of their endpoint', async () => {
    const { players, asked } = await open('api:lab,seed', 'split');
    expect(players).toMatchObject([{ kind: 'chat', settings: { prompts: 'full' } }, { settings: { prompts: 'short' } }]);
    expect(asked).toEqual(['lab LAB_KEY']);
  });

  it('warns of a policy that was trained on another game, and lets it play', async () => {
    const { players, warnings, rules } = await open('three', 'split');
    expect(warnings).toEqual(['three@2 was trained on ipd, not on split']);
    expect(players[0]).toMatchObject({ settings: { rounds: 10, prompts: 'short' } });
    expect(rules).toEqual({ rounds: 10 });
  });

  it('leaves no engine open when a checkpoint does not load', async () => {
    const specs = await readPlayers(['three'], { game: 'ipd', apis, cwd });
    const engine = new TabularEngine();
    let disposed = 0;
    engine.dispose = async () => void disposed++;
    engine.loadPolicy = async () => {
      throw new Error('was trained from another base model');
    };
    const services = { game: 'ipd', rules: {}, media: mediaFolder(__dirname), keyOf: () => undefined, random: random(1) } as const;
    await expect(openPlayers(specs, { ...services, openEngine: async () => engine })).rejects.toThrow('another base model');
    expect(disposed).toBe(1);
  });
});
