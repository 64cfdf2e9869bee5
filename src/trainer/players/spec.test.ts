import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runToy, toyConfig, toyParams } from '../../../test/unit/trainer/toyRun';
import { chatEndpoints } from '../../protocol/chatEndpoints';
import { type PlayerNames, readPlayer, readPlayers } from './spec';

const apis = chatEndpoints.parse({
  gpt: { baseUrl: 'https://api.example.com/v1', model: 'gpt' },
  local: { baseUrl: 'http://localhost:8000/v1', model: 'qwen' },
});

let cwd: string;
let names: PlayerNames;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'players-'));
  names = { game: 'ipd', apis, cwd };
  await runToy(toyParams(join(cwd, 'runs-aa'), toyConfig()));
});
afterAll(() => rm(cwd, { recursive: true }));

describe('readPlayer', () => {
  it('knows the embedded policy, scripted players and endpoints', async () => {
    expect(await readPlayer('seed', names)).toMatchObject({
      kind: 'policy',
      name: 'seed',
      source: { model: 'embedded', checkpoint: null },
    });
    const random = await readPlayer('scripted:random(0.7)', names);
    expect(random).toMatchObject({ kind: 'scripted', name: 'scripted:random(0.7)', player: { name: 'random(0.7)' } });
    expect(await readPlayer(' api:local ', names)).toMatchObject({ kind: 'chat', name: 'api:local', endpoint: { model: 'qwen' } });
  });

  it('finds a run’s newest checkpoint, or that of an iteration, by any of its paths', async () => {
    const newest = await readPlayer('runs-aa', names);
    expect(newest).toMatchObject({
      kind: 'policy',
      name: 'runs-aa@7',
      source: { model: 'embedded', checkpoint: join(cwd, 'runs-aa/checkpoints/000007'), run: { iteration: 7, config: { game: 'ipd' } } },
    });
    expect(await readPlayer(`${join(cwd, 'runs-aa')}/`, names)).toEqual(newest);
    expect(await readPlayer('runs-aa@latest', names)).toEqual(newest);
    expect(await readPlayer('runs-aa@3', names)).toMatchObject({
      name: 'runs-aa@3',
      source: { checkpoint: join(cwd, 'runs-aa/checkpoints/000003') },
    });
    expect(await readPlayer('runs-aa/checkpoints/000003', names)).toEqual(await readPlayer('runs-aa@3', names));
  });

  it('finds a checkpoint that was taken out of its run, and its base model', async () => {
    const adapter = join(cwd, 'adapter');
    await cp(join(cwd, 'runs-aa/checkpoints/000007'), adapter, { recursive: true });
    await writeFile(join(adapter, 'adapter_config.json'), JSON.stringify({ base_model_name_or_path: '/elsewhere/media/policies/seed' }));
    expect(await readPlayer('adapter', names)).toMatchObject({
      name: 'adapter',
      source: { model: 'embedded', checkpoint: adapter, run: null },
    });
    await writeFile(join(adapter, 'adapter_config.json'), JSON.stringify({ base_model_name_or_path: '/no/such/model' }));
    await expect(readPlayer('adapter', names)).rejects.toThrow(
      /adapter_config\.json: its base model \/no\/such\/model is not on this machine/,
    );
  });

  it.each([
    ['', 'a player’s name is empty'],
    ['sed', 'there is no player "sed": no such folder; did you mean seed?'],
    ['tit-for-tat', 'there is no player "tit-for-tat": no such folder; did you mean scripted:tit-for-tat?'],
    ['scripted:tit-for-tatt', 'ipd has no scripted player "tit-for-tatt": did you mean "tit-for-tat"?'],
    ['scripted:', 'scripted: names no player; there are scripted:always-cooperate'],
    ['scriptd:grim-trigger', 'there is no player "scriptd:grim-trigger": did you mean scripted:grim-trigger?'],
    ['scripted:random(2)', 'give one from 0 to 1'],
    ['api:gtp', 'there is no endpoint "gtp": did you mean api:gpt?'],
    ['api:claude', 'there is no endpoint "claude": there are api:gpt, api:local'],
    ['gpt', 'did you mean api:gpt?'],
    ['runs-ab', 'there is no player "runs-ab": no such folder; did you mean runs-aa?'],
    ['runs-ab@3', 'did you mean runs-aa@3?'],
    ['runs-aa@5', 'has no checkpoint of iteration 5: the nearest is runs-aa@4'],
    ['runs-aa@99', 'has no checkpoint of iteration 99: the nearest is runs-aa@7'],
    [
      'runs-aa/rollouts',
      'runs-aa/rollouts holds no policy: no run.json (a run), no adapter_config.json (a checkpoint) and no config.json (a model)',
    ],
    ['runs-aa/rollouts@3', 'runs-aa/rollouts is no run folder'],
    ['zzzzzzzzzzzz', 'no such folder. A player is a run folder'],
  ])('%j: one clear line', async (text, complaint) => {
    const error = await readPlayer(text, names).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message.replaceAll("'", '’')).toContain(complaint);
    expect((error as Error).message).not.toContain('\n');
  });

  it('refuses a checkpoint that is not what the journal committed', async () => {
    const run = join(cwd, 'damaged');
    await cp(join(cwd, 'runs-aa'), run, { recursive: true });
    const file = join(run, 'checkpoints/000007/state.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('7', '8'));
    await expect(readPlayer('damaged', names)).rejects.toThrow(/state\.json is not what the journal committed/);
  });
});

describe('readPlayers', () => {
  it('reads a list, and tells runs of one name apart', async () => {
    await cp(join(cwd, 'runs-aa'), join(cwd, 'more/runs-aa'), { recursive: true });
    const specs = await readPlayers(['runs-aa@3', 'more/runs-aa@3', 'seed'], names);
    expect(specs.map(({ name }) => name)).toEqual(['runs-aa@3', 'more/runs-aa@3', 'seed']);
  });

  it('refuses a player that is given twice, however it is written', async () => {
    await expect(readPlayers(['seed', 'scripted:random', 'seed'], names)).rejects.toThrow('seed and seed are the same player');
    await expect(readPlayers(['runs-aa', 'runs-aa@7'], names)).rejects.toThrow('runs-aa and runs-aa@7 are the same player');
    await expect(readPlayers(['scripted:random', 'scripted:random(0.5)'], names)).rejects.toThrow('are the same player');
    await expect(readPlayers(['seed', ''], names)).rejects.toThrow('name is empty');
  });
});
