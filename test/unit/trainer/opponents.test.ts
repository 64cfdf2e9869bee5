import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { random } from '../../../src/domain/random';
import { json, type MisbehavingServer, says, startMisbehavingServer } from '../../../src/engine/chat-api/misbehavingServer';
import { chatEndpoint } from '../../../src/protocol/chatEndpoints';
import type { TurnRow } from '../../../src/protocol/rollouts';
import type { RunConfig } from '../../../src/protocol/runConfig';
import type { IterationLine, RunFile } from '../../../src/protocol/runFiles';
import type { TrainParams } from '../../../src/protocol/trainer';
import { readJournal } from '../../../src/runs/journal';
import { RolloutReader } from '../../../src/runs/rolloutReader';
import { evaluate } from '../../../src/trainer/evaluate/evaluate';
import { openPlayers } from '../../../src/trainer/players/openPlayers';
import { readPlayers } from '../../../src/trainer/players/spec';
import { trainRun } from '../../../src/trainer/run';
import { TabularEngine } from './tabularEngine';
import { differences, runToy, toyConfig, toyEnvironment, toyParams } from './toyRun';

describe('a run against a fixed opponent', { timeout: 120_000 }, () => {
  let root: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'opponent-'));
    folder = join(root, 'a');
  });
  afterEach(() => rm(root, { recursive: true }));

  const against = (opponent: string, settings: object = {}): RunConfig =>
    toyConfig({ opponent, ...settings, buffer: { enabled: false } }, { algorithm: 'rl', preset: 'best-response' });
  const iterations = async (of = folder): Promise<IterationLine[]> =>
    (await readJournal(of)).lines.filter((line) => line.type === 'iteration');
  const runFileOf = async (of = folder): Promise<RunFile> => JSON.parse(await readFile(join(of, 'run.json'), 'utf8')) as RunFile;
  const rowsOf = async (line: IterationLine, columns: readonly (keyof TurnRow)[]): Promise<TurnRow[]> =>
    (await new RolloutReader().all(folder, line.rollouts!, columns)) as TurnRow[];
  /** Runs until an iteration is committed, then stops. */
  const runUntil = async (iteration: number, config?: RunConfig): Promise<void> => {
    const stop = new AbortController();
    const run = trainRun(toyParams(folder, config), toyEnvironment(stop.signal));
    for (let next = await run.next(); !next.done; next = await run.next()) {
      if (next.value.type === 'committed' && next.value.line.iteration === iteration) stop.abort();
    }
  };
  const fails = async (params: TrainParams = toyParams(folder)): Promise<string> => {
    try {
      await runToy(params);
    } catch (error) {
      return (error as Error).message;
    }
    return 'it went';
  };
  /** A finished run of Advantage Alignment in self-play, whose checkpoints can be met. */
  const trainedRun = async (name: string, seed = 5): Promise<string> => {
    await runToy(toyParams(join(root, name), toyConfig({}, { seed })));
    return join(root, name);
  };

  describe('learns by plain RL', () => {
    const learning = {
      iterations: 30,
      negotiations: 24,
      groupSize: 6,
      checkpointEvery: 30,
      gameSettings: { rounds: 8 },
      learningRate: 0.1,
    };

    it('to defect against one that always cooperates', async () => {
      const { ended } = await runToy(toyParams(folder, against('scripted:always-cooperate', learning)));
      expect(ended.how === 'finished' && ended.againstOpponent?.cooperationRate).toBeLessThan(0.1);
      expect(ended.how === 'finished' && ended.againstOpponent?.meanReward).toEqual([expect.closeTo(5, 0), expect.closeTo(0, 0)]);
    });

    it('to get more out of tit-for-tat, which defection does not', async () => {
      const { ended } = await runToy(toyParams(folder, against('scripted:tit-for-tat', { ...learning, gamma: 0.9 })));
      const rewards = (await iterations()).flatMap(({ measures }) => measures?.meanReward?.[0] ?? []);
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      const [early = 0, late] = [rewards[0], mean(rewards.slice(-5))];
      expect(early).toBeLessThan(2.5);
      expect(late).toBeGreaterThan(early + 0.3);
      // Always defecting would get (5 + 7 · 1) / 8.
      expect(late).toBeGreaterThan(2.6);
      expect(ended.how === 'finished' && ended.againstOpponent?.meanReward?.[0]).toBeGreaterThan(2.6);
    });
  });

  it('seats the learner by turns, trains it alone, and names the opponent everywhere', async () => {
    await runToy(toyParams(folder, against('scripted:tit-for-tat', { iterations: 2 })));
    const [, line] = await iterations();
    const { player, group } = line!.negotiations!;
    expect(group).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    const [learner, fixed] = ['policy', 'scripted:tit-for-tat'];
    expect(player[0]).toEqual([learner, learner, learner, learner, fixed, fixed, fixed, fixed]);
    expect(player[1]).toEqual([fixed, fixed, fixed, fixed, learner, learner, learner, learner]);
    expect(line!.training).toMatchObject({ sequences: 8, retries: 0, sampledTokens: 8 * 3 * 2, trainedTokens: 8 * 3 });
    for (const name of ['gradNorm', 'rhoMax', 'rhoClipFraction', 'samplerTrainerGap', 'rmsOwn', 'rmsAlignment', 'signFlip'] as const) {
      expect(line!.training?.[name]).toEqual(expect.any(Number));
    }
    const rows = await rowsOf(line!, ['player', 'trained', 'text', 'action', 'token_ids', 'credit', 'ratios', 'return', 'baseline']);
    expect(rows).toHaveLength(8 * 3 * 2);
    for (const row of rows) {
      expect(row.trained).toBe(row.player === 'policy');
      expect(row.token_ids.length).toBe(row.trained ? 2 : 0);
      expect([row.credit.length, row.ratios.length]).toEqual([row.token_ids.length, row.token_ids.length]);
      expect(row.action).toBe(JSON.stringify({ kind: 'choice', choice: row.text }));
    }
    // The opponent has an advantage of its own all the same.
    expect(rows.some((row) => !row.trained && row.return !== row.baseline)).toBe(true);
    const run = await runFileOf();
    expect([run.config.opponent, run.opponent]).toEqual([fixed, { name: fixed }]);
  });

  it('measures the learner’s seat, [learner’s, opponent’s], and the final policy against both itself and the opponent', async () => {
    const { ended, events } = await runToy(toyParams(folder, against('scripted:always-cooperate', { iterations: 1 })));
    const [, line] = await iterations();
    const rows = await rowsOf(line!, ['player', 'reward', 'action']);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const mine = rows.filter(({ player }) => player === 'policy');
    const theirs = rows.filter(({ player }) => player !== 'policy');
    expect(line!.measures).toMatchObject({
      meanReward: [expect.closeTo(mean(mine.map(({ reward }) => reward))), expect.closeTo(mean(theirs.map(({ reward }) => reward)))],
      cooperationRate: expect.closeTo(mean(mine.map(({ action }) => (action?.includes('"A"') ? 1 : 0)))),
      entropy: expect.any(Number),
      kl: expect.any(Number),
    });
    expect(line!.measures!.cooperationRate).toBeLessThan(1);
    expect(events.findLast((event) => event.type === 'progress')).toMatchObject({ progress: { reward: line!.measures!.meanReward![0] } });
    const finished = (await readJournal(folder)).lines.at(-1);
    if (ended.how !== 'finished' || finished?.type !== 'finished') throw new Error('the run did not finish');
    expect([finished.measures, finished.againstOpponent]).toEqual([ended.measures, ended.againstOpponent]);
    // In self-play the seats are alike; a cooperator gets no more than 3, and what it leaves to the other.
    expect(Math.abs(ended.measures.meanReward![0] - ended.measures.meanReward![1])).toBeLessThan(0.5);
    expect(ended.againstOpponent!.meanReward![0]).toBeGreaterThan(ended.againstOpponent!.meanReward![1] + 1);
    // The run says so again when it is asked again.
    expect((await runToy(toyParams(folder))).ended).toEqual(ended);
  });

  it('measures the final policy as the match-up matrix does', async () => {
    const { ended } = await runToy(toyParams(folder, against('scripted:tit-for-tat', { iterations: 2 })));
    const specs = await readPlayers([folder, 'scripted:tit-for-tat'], { game: 'ipd', apis: {}, cwd: root });
    const environment = toyEnvironment();
    const rules = { rounds: 3 };
    const { players } = await openPlayers(specs, {
      game: 'ipd',
      rules,
      media: environment.media,
      openEngine: async () => environment.engine,
      keyOf: () => undefined,
      random: random(1),
    });
    const { config } = await runFileOf();
    const matrix = await evaluate({
      game: 'ipd',
      players,
      rules,
      seed: config.seed,
      negotiations: 256,
      batch: 512,
      parley: '0.0.0',
      created: '',
    });
    expect(ended.how === 'finished' && ended.againstOpponent).toEqual({
      ...matrix.measures[0]![1],
      // One takes log π from training's pass, the other from the sampler.
      kl: expect.closeTo(matrix.measures[0]![1]!.kl!, 6),
    });
    expect(matrix.measures[0]![1]!.kl).toBeGreaterThan(0);
  });

  it('takes baselines over the batch per player, never of the two together', async () => {
    const settings = { iterations: 1, groupSize: 1, negotiations: 6, gameSettings: { rounds: 2 } };
    await runToy(toyParams(folder, against('scripted:always-defect', settings)));
    const rows = await rowsOf((await iterations())[1]!, ['player', 'negotiation', 'round', 'return', 'baseline']);
    for (const row of rows) {
      const peers = rows.filter(
        ({ player, round, negotiation }) => player === row.player && round === row.round && negotiation !== row.negotiation,
      );
      expect(peers).toHaveLength(5);
      expect(row.baseline).toBeCloseTo(peers.reduce((sum, peer) => sum + peer.return, 0) / 5);
    }
  });

  describe('goes on to the very same end', () => {
    it.each(['scripted:random(0.5)', 'seed', 'checkpoint'])('with %s', async (kind) => {
      const opponent = kind === 'checkpoint' ? await trainedRun('aa') : kind;
      const config = against(opponent, { iterations: 5 });
      await runToy(toyParams(join(root, 'whole'), config));
      await runUntil(2, config);
      await runUntil(4);
      expect((await runToy(toyParams(folder))).ended.how).toBe('finished');
      expect(await differences(folder, join(root, 'whole'))).toEqual([]);
      const other = against(kind === 'checkpoint' ? `${opponent}@2` : 'scripted:tit-for-tat', { iterations: 5 });
      await runToy(toyParams(join(root, 'other'), other));
      expect(await differences(folder, join(root, 'other'))).not.toEqual([]);
    });
  });

  describe('of a checkpoint', () => {
    it('is pinned to its iteration and its weights', async () => {
      const met = await trainedRun('ipd-aa');
      const { events } = await runToy(toyParams(folder, against(met, { iterations: 1, gameSettings: { rounds: 4 } })));
      const run = await runFileOf();
      expect(run.config.opponent).toBe(`${met}@7`);
      expect(run.opponent).toEqual({
        name: 'ipd-aa@7',
        model: { source: 'embedded', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        checkpoint: { folder: join(met, 'checkpoints', '000007'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect((await iterations())[1]!.negotiations!.player[1][0]).toBe('ipd-aa@7');
      // Its words are tokens as well, and nothing of them is trained.
      const rows = await rowsOf((await iterations())[1]!, ['player', 'trained', 'token_ids', 'own_advantage', 'ratios']);
      for (const row of rows.filter(({ player }) => player === 'ipd-aa@7')) {
        expect([row.trained, row.token_ids.length, row.own_advantage.length, row.ratios.length]).toEqual([false, 2, 2, 0]);
      }
      const warning = 'ipd-aa@7 was trained with rounds 3, and this run plays 4';
      expect(events).toContainEqual({ type: 'log', level: 'warn', line: warning });
    });

    it('refuses to go on when that is another, damaged or gone, and goes on when it is back', async () => {
      const met = await trainedRun('ipd-aa');
      const config = against(`${met}@4`, { iterations: 3 });
      await runToy(toyParams(join(root, 'whole'), config));
      await runUntil(1, config);
      const before = await readdir(folder, { recursive: true });
      await cp(met, join(root, 'copy'), { recursive: true });
      await rm(met, { recursive: true });
      expect(await fails()).toMatch(/^the opponent ipd-aa@4 that this run began with cannot be had: there is no player /);
      await runToy(toyParams(met, toyConfig({}, { seed: 6 })));
      expect(await fails()).toMatch(
        /^the opponent ipd-aa@4 is not the one that this run began with \(SHA-256 of its checkpoint is [0-9a-f]{12}…, run\.json says [0-9a-f]{12}…\): put the old one back/,
      );
      await rm(met, { recursive: true });
      await cp(join(root, 'copy'), met, { recursive: true });
      await appendFile(join(met, 'checkpoints/000004/adapter_model.safetensors'), 'x');
      expect(await fails()).toMatch(/^the opponent ipd-aa@4 .*adapter_model\.safetensors is not what the journal committed/);
      await rm(met, { recursive: true });
      await cp(join(root, 'copy'), met, { recursive: true });
      expect(await readdir(folder, { recursive: true })).toEqual(before);
      expect((await runToy(toyParams(folder))).ended.how).toBe('finished');
      expect(await differences(folder, join(root, 'whole'))).toEqual([]);
    });

    it('of another base model speaks on an engine of its own, which is closed in the end', async () => {
      const met = await trainedRun('other');
      const file = join(met, 'run.json');
      await writeFile(file, (await readFile(file, 'utf8')).replace('"policy": "embedded"', `"policy": "${join(root, 'model')}"`));
      await cp(join(toyEnvironment().media, 'policies/seed'), join(root, 'model'), { recursive: true });
      const opened: string[] = [];
      const closed: string[] = [];
      const environment = {
        ...toyEnvironment(),
        openModel: async (model: string) => {
          opened.push(model);
          const engine = new TabularEngine();
          return Object.assign(engine, {
            info: { ...engine.info, modelHash: 'e'.repeat(64) },
            dispose: async () => void closed.push(model),
          });
        },
      };
      await runToy(toyParams(folder, against(met, { iterations: 2 })), environment);
      expect([opened, closed]).toEqual([[join(root, 'model')], [join(root, 'model')]]);
      expect((await runFileOf()).opponent?.model).toEqual({ source: join(root, 'model'), sha256: 'e'.repeat(64) });
      expect(environment.engine.openLanes).toBe(0);
    });
  });

  describe('behind a chat endpoint', () => {
    const KEY = 'sk-very-secret';
    let server: MisbehavingServer;
    beforeEach(async () => {
      server = await startMisbehavingServer();
      server.otherwise(says('B'));
    });
    afterEach(() => server.close());
    const reach = (): Pick<TrainParams, 'apis' | 'keys'> => ({
      apis: { lab: chatEndpoint.parse({ baseUrl: server.url, model: 'lab-1', retries: 0, prices: { input: 1, output: 2 } }) },
      keys: { lab: KEY },
    });
    const config = (): RunConfig => against('api:lab', { iterations: 2, negotiations: 4, groupSize: 2, gameSettings: { rounds: 2 } });

    it('plays it, counts what that costs, and writes and logs neither key nor endpoint', async () => {
      const { ended, events } = await runToy({ ...toyParams(folder, config()), ...reach() });
      expect(server.seen[0]!.headers.authorization).toBe(`Bearer ${KEY}`);
      expect(server.seen).toHaveLength(2 * 4 * 2 + 64 * 2);
      expect(ended).toMatchObject({ how: 'finished', againstOpponent: { meanReward: [expect.any(Number), expect.any(Number)] } });
      expect((await iterations())[1]!.training!.usage).toEqual({
        replies: 8,
        retries: 0,
        promptTokens: 800,
        completionTokens: 80,
        cost: expect.closeTo((800 + 2 * 80) / 1e6),
      });
      expect(events).toContainEqual({ type: 'log', level: 'info', line: expect.stringMatching(/^api:lab: 144 replies, .*\$0\.0173$/) });
      expect((await runFileOf()).opponent).toEqual({ name: 'api:lab', chatModel: 'lab-1' });
      const kept = await Promise.all(
        (await readdir(folder, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
      );
      for (const text of [...kept, JSON.stringify(events)]) {
        expect(text).not.toContain(KEY);
        expect(text).not.toContain(server.url);
        expect(text).not.toContain('baseUrl');
      }
    });

    it('ends in one line without the key when it answers no more, and goes on from there once it does', async () => {
      server.script(...Array.from({ length: 8 }, () => says('A')), json(401, { error: { message: `bad key ${KEY}` } }));
      const message = await fails({ ...toyParams(folder, config()), ...reach() });
      expect(message).toContain('lab');
      expect(message).not.toContain(KEY);
      expect(await iterations()).toHaveLength(2);
      expect(await fails()).toContain('api:lab names an endpoint, and none is set up');
      const renamed = { lab: { ...reach().apis!.lab!, model: 'lab-2' } };
      expect(await fails({ ...toyParams(folder), apis: renamed })).toBe(
        'the opponent api:lab is not the one that this run began with (its model is lab-2, run.json says lab-1): put the old one back, or start a new run',
      );
      expect((await runToy({ ...toyParams(folder), ...reach() })).ended.how).toBe('finished');
    });

    it('asks for the key that the endpoint names before anything is loaded', async () => {
      const apis = { lab: { ...reach().apis!.lab!, keyVariable: 'PARLEY_TEST_NO_SUCH_KEY' } };
      expect(await fails({ ...toyParams(folder, config()), apis })).toBe('api:lab: PARLEY_TEST_NO_SUCH_KEY is not set: put its key there');
      expect(await readdir(root)).toEqual([]);
    });
  });

  it('is refused in one line with a buffer, and with an opponent that is none', async () => {
    const buffered = { ...against('scripted:tit-for-tat'), buffer: { ...toyConfig().buffer, enabled: true } };
    expect(await fails(toyParams(folder, buffered))).toContain('buffer.enabled is for self-play, and the opponent is scripted:tit-for-tat');
    expect(await fails(toyParams(folder, against('scripted:tit-fr-tat')))).toContain('did you mean');
    expect(await fails(toyParams(folder, against(join(root, 'nobody'))))).toContain('there is no player');
    expect(await readdir(root)).toEqual([]);
  });
});
