import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { algorithm, gameId, LORA_TARGETS } from '../protocol/runConfig';
import { mediaFolder } from './media';
import { presetSchema } from './presetSchema';
import { ConfigError, type ConfigRequest, listPresets, parseAssignments, resolveConfig } from './presets';

const media = mediaFolder(__dirname);
const resolve = (request: Partial<ConfigRequest> = {}) =>
  resolveConfig(media, { game: 'ipd', algorithm: 'aa', seed: 0, preset: 'embedded', layers: [], ...request });
const set = (...assignments: string[]) => ({ layers: [parseAssignments(assignments, '--set')] });

describe('presets', () => {
  it.each(gameId.options.flatMap((game) => algorithm.options.map((rule) => [game, rule] as const)))(
    '%s with %s resolves in every preset',
    (game, rule) => {
      for (const { name, about } of listPresets(media, game)) {
        expect(about).not.toBe('');
        const given = { 'best-response': ['opponent=seed'], 'against-api': ['opponent=api:lab'] }[name] ?? [];
        const config = resolve({ game: game, algorithm: rule, preset: name, ...set('policy=/models/x', ...given) });
        expect(config).toMatchObject({ game, algorithm: rule, seed: 0, policy: '/models/x' });
      }
    },
  );

  it('embedded differs between algorithms in the algorithm alone', () => {
    for (const game of gameId.options) {
      const { algorithm: _, ...rl } = resolve({ game: game, algorithm: 'rl' });
      const { algorithm: __, ...aa } = resolve({ game: game, algorithm: 'aa' });
      expect(rl).toEqual(aa);
    }
  });

  it('paper has the paper’s numbers, and keeps a buffer and an entropy bonus for aa alone', () => {
    const paper = (rule: 'rl' | 'aa') => resolve({ algorithm: rule, preset: 'paper', ...set('policy=x') });
    expect(paper('aa')).toMatchObject({
      gamma: 0.9,
      beta: 0.5,
      rewardScale: 5,
      negotiations: 128,
      groupSize: 1,
      entropyCoefficient: 0.01,
      learningRate: 3e-6,
      buffer: { enabled: true, every: 10, subset: 28, draw: 'negotiation', train: 'learner' },
    });
    expect(paper('rl')).toMatchObject({ entropyCoefficient: 0, buffer: { enabled: false } });
    expect(() => resolve({ preset: 'paper' })).toThrow('set policy to a Hugging Face model folder');
  });

  describe('against a fixed player', () => {
    it('say in one line which opponent they need', () => {
      for (const game of gameId.options) {
        expect(() => resolve({ game, preset: 'best-response' })).toThrow(
          'preset best-response trains against a fixed player: give the opponent, a run folder (or RUN@ITERATION), a checkpoint folder, seed or scripted:NAME',
        );
        const message = 'preset against-api trains against a chat endpoint: give the opponent api:NAME';
        expect(() => resolve({ game, preset: 'against-api' })).toThrow(message);
        expect(() => resolve({ game, preset: 'against-api', ...set('opponent=scripted:greedy') })).toThrow(message);
      }
    });

    it('switch the buffer off, which is refused there', () => {
      for (const game of gameId.options) {
        const best = resolve({ game, algorithm: 'rl', preset: 'best-response', ...set('opponent=scripted:fair') });
        const { opponent, buffer, ...rest } = best;
        expect(resolve({ game, algorithm: 'rl' })).toMatchObject({ ...rest, opponent: 'self', buffer: { ...buffer, enabled: true } });
        expect([opponent, buffer.enabled]).toEqual(['scripted:fair', false]);
        const api = resolve({ game, algorithm: 'rl', preset: 'against-api', ...set('opponent=api:lab') });
        expect(api).toMatchObject({ opponent: 'api:lab', negotiations: 16, buffer: { enabled: false } });
      }
      expect(() => resolve(set('opponent=scripted:tit-for-tat'))).toThrow(
        'preset embedded: buffer.enabled is for self-play, and the opponent is scripted:tit-for-tat: set buffer.enabled=false, or take the preset best-response',
      );
      expect(() => resolve({ preset: 'best-response', ...set('opponent=/runs/aa@40', 'buffer.enabled=true') })).toThrow(
        '--set: buffer.enabled is for self-play, and the opponent is aa@40',
      );
    });

    it('keep paths absolute, and everything else as it is written', () => {
      const opponentOf = (opponent: string) =>
        resolve({ preset: 'best-response', cwd: join('/lab', 'study'), ...set(`opponent=${opponent}`) }).opponent;
      expect(opponentOf('runs/aa@200')).toBe(join('/lab', 'study', 'runs', 'aa@200'));
      expect(opponentOf('../aa')).toBe(join('/lab', 'aa'));
      expect(opponentOf(join('/runs', 'aa'))).toBe(join('/runs', 'aa'));
      for (const as of ['seed', 'scripted:random(0.5)', 'api:lab']) expect(opponentOf(as)).toBe(as);
    });
  });

  it('overrides at any depth', () => {
    const config = resolve(set('buffer.every=5', 'learningRate=5e-4', 'adapter.rank=4', 'gameSettings.rounds=3'));
    expect(config.buffer).toMatchObject({ every: 5, draw: 'group' });
    expect(config).toMatchObject({ learningRate: 5e-4, adapter: { kind: 'lora', rank: 4, alpha: 16 }, gameSettings: { rounds: 3 } });
    expect(resolve(set('adapter.kind=full')).adapter).toEqual({ kind: 'full' });
    expect(config.adapter).toMatchObject({ targets: LORA_TARGETS });
    expect(resolve(set('adapter.targets=["v_proj","q_proj"]')).adapter).toMatchObject({ rank: 8, targets: ['v_proj', 'q_proj'] });
  });

  it.each([
    ['learning_rate=1', '--set: there is no setting "learning_rate"; did you mean learningRate?'],
    ['buffer.evry=1', '--set: there is no setting "buffer.evry"; did you mean buffer.every?'],
    ['adapter.rnk=1', 'did you mean adapter.rank?'],
    ['adapter.targets=["q_proj","v_porj"]', '--set: adapter.targets.1: there is no linear layer "v_porj"; did you mean v_proj?'],
    ['adapter.targets=["lm_head"]', 'there is no linear layer "lm_head"; there are q_proj, k_proj, '],
    ['adapter.targets=q_proj', '--set: adapter.targets: write a list of linear layers, such as ["q_proj","v_proj"]'],
    ['adapter.targets=[]', 'adapter.targets: name at least one of q_proj, '],
    ['adapter.targets=["q_proj","q_proj"]', 'adapter.targets: a linear layer is named twice'],
    ['topP=0.9', '--set: topP is no setting of a run: training needs each token drawn from the very policy that it trains'],
    ['wholly=1', 'there is no setting "wholly"; there are gameSettings, policy, '],
    ['seed=1', '--set: seed is chosen when the run is started'],
    ['gamma=2', '--set: gamma: '],
    ['gamma=high', '--set: gamma: '],
    ['gameSettings.messageTokens=3', '--set: ipd does not read gameSettings.messageTokens'],
    ['gameSettings.payoffs={"T":1,"R":3,"P":1,"S":0}', 'gameSettings: payoffs T 1'],
    ['rounds', '--set rounds: write key=value'],
  ])('refuses %s in one line that helps', (assignment, message) => {
    const attempt = () => resolve(set(assignment));
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  });

  it('refuses a misspelt preset by the nearest', () => {
    expect(() => resolve({ preset: 'embeded' })).toThrow('no preset "embeded" for ipd; did you mean embedded?');
  });

  describe('of one’s own', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'presets-'));
    });
    afterEach(() => rm(folder, { recursive: true }));
    const own = async (preset: unknown): Promise<string> => {
      const path = join(folder, 'own.json');
      await writeFile(path, typeof preset === 'string' ? preset : JSON.stringify(preset));
      return path;
    };

    it('builds on another and may differ by algorithm', async () => {
      const preset = await own({ extends: 'embedded', beta: 1, algorithms: { aa: { gamma: 0.5 } } });
      expect(resolve({ preset })).toMatchObject({ beta: 1, gamma: 0.5, learningRate: 1e-3 });
      expect(resolve({ preset, algorithm: 'rl' })).toMatchObject({ beta: 1, gamma: 0.9 });
    });

    it.each([
      [{ extends: 'embedded', bta: 1 }, 'own.json: there is no setting "bta"; did you mean beta?'],
      [{ extends: 'embedded', algorithms: { ab: {} } }, 'algorithms.ab is no algorithm; did you mean '],
      [{ extends: 'embedded', algorithms: { rl: [] } }, 'algorithms.rl must be an object of settings'],
      [{ extends: 'embedded', requires: 'luck' }, 'own.json: requires must be "opponent" or "api opponent"'],
      [{ extends: 'best-response' }, 'trains against a fixed player: give the opponent'],
      [{ extends: 'nothing' }, 'no preset "nothing"'],
      [{ game: 'split', extends: 'embedded' }, 'is a preset of split, and the run plays ipd'],
      ['{', 'own.json is not a JSON file ('],
      [[], 'a preset is a JSON object'],
    ])('%j is refused', async (preset, message) => {
      const path = await own(preset);
      expect(() => resolve({ preset: path, algorithm: 'rl' })).toThrow(message);
    });

    it('that extends itself, or is not there, is refused', async () => {
      const path = join(folder, 'own.json');
      expect(() => resolve({ preset: path })).toThrow('no such preset file');
      await own({ extends: path });
      expect(() => resolve({ preset: path })).toThrow('extends itself');
    });
  });
});

it('the schema that the editor checks presets by is the one of this build (vitest -u writes it)', async () => {
  await expect(`${JSON.stringify(presetSchema(), null, 2)}\n`).toMatchFileSnapshot('../../media/presetSchema.json');
});
