import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TurnRow } from '../../../src/protocol/rollouts';
import { readBranchIndex } from '../../../src/runs/branchIndex';
import { deleteBranch } from '../../../src/runs/keepBranches';
import { mediaFolder } from '../../../src/runs/media';
import { RolloutReader } from '../../../src/runs/rolloutReader';
import { forkWork } from '../../../src/trainer/inference/branchWork';
import { distributionWork } from '../../../src/trainer/inference/distributionWork';
import { sentPromptWork } from '../../../src/trainer/inference/sentPromptWork';
import type { Work } from '../../../src/trainer/inference/work';
import { differences, runToy, toyConfig, toyEnvironment, toyParams } from './toyRun';

const SETTINGS = { threads: 1, device: 'cpu', apis: {}, keys: {} } as const;

/** The columns of a row that training leaves nothing in. */
const said = (
  { round, turn, seat, kind, prompt, text, prompt_token_ids, token_ids, token_texts, log_probs, entropies, valid_mass }: TurnRow, // biome-ignore format: one line
) => ({ round, turn, seat, kind, prompt, text, prompt_token_ids, token_ids, token_texts, log_probs, entropies, valid_mass });

/** Who goes on where a player of iteration 4 had the seat. */
const policyOf = (player: string): string => (player === 'policy' ? 'run@3' : player.replace('snapshot:', 'run@'));

describe('branches of negotiations', () => {
  let root: string;
  let folder: string;
  const lines: string[] = [];
  const work = (): Work => ({
    settings: SETTINGS,
    media: mediaFolder(__dirname),
    signal: new AbortController().signal,
    openEngine: async () => toyEnvironment().engine,
    progress: (_done, _of, line) => lines.push(line),
  });
  const fork = async (change: Partial<Parameters<typeof forkWork>[0]> = {}): Promise<TurnRow[][]> => {
    const params = {
      job: 1,
      folder,
      iteration: 4,
      negotiation: 2,
      turn: 3,
      players: [null, null] as [string | null, string | null],
      samples: 2,
      seed: 0,
    };
    const { branches } = await forkWork({ ...params, ...change }, work());
    const index = await readBranchIndex(folder);
    return Promise.all(branches.map((number) => rowsOf(index.branches.find(({ branch }) => branch === number)!.rollouts)));
  };
  const rowsOf = async (file: Parameters<RolloutReader['negotiation']>[1], negotiation = 2): Promise<TurnRow[]> =>
    new RolloutReader().negotiation(folder, file, negotiation);
  const original = async (iteration: number, negotiation: number): Promise<TurnRow[]> => {
    const bytes = (await readFile(join(folder, `rollouts/00000${iteration}.parquet`))).length;
    return rowsOf({ file: `rollouts/00000${iteration}.parquet`, rows: 0, bytes, sha256: '' }, negotiation);
  };

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'branches-'));
    folder = join(root, 'run');
    await runToy(toyParams(folder, toyConfig()));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('begin as their negotiation did, token for token, and go on by themselves', async () => {
    const before = await original(4, 2);
    const all = await fork({ samples: 8 });
    expect(all).toHaveLength(8);
    for (const rows of all) {
      expect(rows.map(({ turn }) => turn)).toEqual(before.map(({ turn }) => turn));
      expect(rows.slice(0, 3).map(said)).toEqual(before.slice(0, 3).map(said));
      expect(rows.map(({ deal }) => deal)).toEqual(before.map(({ deal }) => deal));
      expect(rows.slice(3).map(({ player }) => player)).toEqual(before.slice(3).map(({ player }) => policyOf(player)));
      expect(rows.every(({ trained, credit }) => !trained && credit.length === 0)).toBe(true);
      for (const row of rows) {
        const mine = JSON.parse(row.action!).choice;
        const theirs = JSON.parse(rows.find((each) => each.round === row.round && each.seat !== row.seat)!.action!).choice;
        expect(row.reward).toBe({ AA: 3, AB: 0, BA: 5, BB: 1 }[`${mine}${theirs}` as 'AA']);
      }
    }
    expect(new Set(all.map((rows) => rows.map(({ text }) => text).join(' '))).size).toBeGreaterThan(1);
    // The policy of iteration 4 is the checkpoint after 3: where it says the same again, it says it with the same probability.
    const again = all.filter((rows) => rows[3]!.text === before[3]!.text);
    expect(again.length).toBeGreaterThan(0);
    for (const rows of again) expect(rows[3]!.log_probs).toEqual(before[3]!.log_probs);
    expect(lines.at(-1)).toBe('round 3 of 3');
  });

  it('are the same again from the same seed, and nothing but seed and sample decides them', async () => {
    const negotiations = await original(4, 5);
    await fc.assert(
      fc.asyncProperty(fc.nat(5), fc.nat(1000), fc.integer({ min: 1, max: 4 }), async (turn, seed, samples) => {
        const params = { negotiation: 5, turn, seed, samples };
        const rowsOf5 = async (): Promise<TurnRow[][]> => {
          const { branches } = await forkWork({ job: 1, folder, iteration: 4, players: [null, null], ...params }, work());
          const index = await readBranchIndex(folder);
          const kept = branches.map((number) => index.branches.find(({ branch }) => branch === number)!);
          const rows = await Promise.all(kept.map(({ rollouts }) => new RolloutReader().negotiation(folder, rollouts, 5)));
          for (const { branch } of kept) await deleteBranch(folder, branch);
          return rows;
        };
        const once = await rowsOf5();
        expect(await rowsOf5()).toEqual(once);
        for (const rows of once) expect(rows.slice(0, turn).map(said)).toEqual(negotiations.slice(0, turn).map(said));
      }),
      { numRuns: 6 },
    );
  });

  it('that are there already are not made twice', async () => {
    const { branches } = await forkWork({ job: 1, folder, iteration: 2, negotiation: 0, turn: 2, players: [null, null], samples: 2, seed: 9 }, work()); // biome-ignore format: one line
    const more = await forkWork({ job: 1, folder, iteration: 2, negotiation: 0, turn: 2, players: [null, null], samples: 3, seed: 9 }, work()); // biome-ignore format: one line
    expect(more.branches.slice(0, 2)).toEqual(branches);
    expect(more.branches).toHaveLength(3);
  });

  it('are left as negotiations are: what they said stays, and who went on goes on', async () => {
    const at = { job: 1, folder, iteration: 4, negotiation: 3, samples: 1, seed: 40 };
    const kept = async (params: Partial<Parameters<typeof forkWork>[0]> & { readonly turn: number }) => {
      const { branches } = await forkWork({ ...at, players: [null, null], ...params }, work());
      const branch = (await readBranchIndex(folder)).branches.find((each) => each.branch === branches[0])!;
      return { branch, rows: await rowsOf(branch.rollouts, 3) };
    };
    const outer = await kept({ turn: 2, players: [null, 'scripted:always-defect'] });
    const inner = await kept({ turn: 4, branch: outer.branch.branch, players: [null, null] });
    expect(inner.rows.slice(0, 4).map(said)).toEqual(outer.rows.slice(0, 4).map(said));
    expect(inner.branch.after).toEqual([{ branch: outer.branch.branch, turn: 2, players: outer.branch.players }]);
    expect(inner.branch.players.map(({ player }) => player)).toEqual(outer.branch.players.map(({ player }) => player));
    expect(inner.rows.slice(4).map(({ player }) => player)).toEqual(outer.rows.slice(4).map(({ player }) => player));
    // The same turn of the negotiation itself is another place.
    const beside = await kept({ turn: 4 });
    expect([beside.branch.branch === inner.branch.branch, beside.branch.after]).toEqual([false, undefined]);
    expect((await kept({ turn: 4, branch: outer.branch.branch })).branch.branch).toBe(inner.branch.branch);
    // Before the branch's own words there is nothing of it to keep.
    expect((await kept({ turn: 2, branch: outer.branch.branch, seed: 41 })).branch.after).toBeUndefined();
    const third = await kept({ turn: 5, branch: inner.branch.branch, players: ['scripted:always-cooperate', null] });
    expect(third.branch.after?.map(({ branch }) => branch)).toEqual([outer.branch.branch, inner.branch.branch]);
    const asked = { ...at, branch: inner.branch.branch, token: 0, top: 5, policies: [{ folder, iteration: 3 }] };
    const alice = inner.rows.find(({ seat, turn }) => seat === 0 && turn >= 4)!;
    const { tokens, policies } = await distributionWork({ ...asked, turn: alice.turn }, work());
    const place = tokens.findIndex(({ isSaid }) => isSaid);
    expect(Math.log(policies[0]!.masked![place]!)).toBeCloseTo(alice.log_probs[0]!, 4);
    const bob = inner.rows.find(({ seat, turn }) => seat === 1 && turn >= 4)!;
    await expect(distributionWork({ ...asked, turn: bob.turn }, work())).rejects.toThrow('scripted:always-defect is no policy');
    await deleteBranch(folder, outer.branch.branch);
    expect((await distributionWork({ ...asked, turn: alice.turn }, work())).tokens).toEqual(tokens);
  });

  it('let a scripted player go on in the seat whose turn it is, or in both', async () => {
    const [alone] = await fork({ turn: 3, players: [null, 'scripted:always-defect'], samples: 1 });
    expect(
      alone!
        .filter(({ turn, seat }) => turn >= 3 && seat === 1)
        .every(({ text, player }) => text === 'B' && player === 'scripted:always-defect'),
    ).toBe(true);
    expect(
      alone!
        .filter(({ turn, seat }) => turn >= 3 && seat === 0)
        .every(({ player, log_probs }) => player.startsWith('run@') && log_probs.length > 0),
    ).toBe(true);
    const [both] = await fork({ turn: 2, players: ['scripted:tit-for-tat', 'scripted:always-defect'], samples: 1 });
    const before = await original(4, 2);
    const theirs = [before[1]!.text, 'B'];
    expect(both!.slice(2).map(({ text }) => text)).toEqual([theirs[0], 'B', 'B', 'B']);
    const { branches } = await readBranchIndex(folder);
    expect(branches.at(-1)!.players).toEqual([
      { name: 'scripted:tit-for-tat', player: 'scripted:tit-for-tat', asBefore: false },
      { name: 'scripted:always-defect', player: 'scripted:always-defect', asBefore: false },
    ]);
  });

  it('wait for a person turn by turn, and are kept once it has said everything', async () => {
    const before = await original(4, 2);
    const params = {
      job: 1,
      folder,
      iteration: 4,
      negotiation: 2,
      turn: 3,
      players: [null, 'human'] as [null, string],
      samples: 1,
      seed: 6,
    };
    const count = (await readBranchIndex(folder)).branches.length;
    const first = await forkWork(params, work());
    expect(first).toMatchObject({ branches: [], ask: { round: 1, kind: 'action', constraint: { choices: ['A', 'B'] } } });
    // In full sentences, although the policy reads the short ones.
    expect(first.ask?.observation).toContain('In the last round you chose');
    expect((await forkWork({ ...params, answers: ['B'] }, work())).ask?.round).toBe(2);
    expect((await readBranchIndex(folder)).branches).toHaveLength(count);
    await expect(forkWork({ ...params, answers: ['C'] }, work())).rejects.toThrow('"C" is no answer here: give A or B');
    const done = await forkWork({ ...params, answers: ['b', 'A'] }, work());
    expect(done.ask).toBeNull();
    const kept = (await readBranchIndex(folder)).branches.at(-1)!;
    expect(done.branches).toEqual([kept.branch]);
    expect(kept.players[1]).toEqual({ name: 'human', player: 'human', asBefore: false });
    const rows = await rowsOf(kept.rollouts);
    expect(rows.slice(0, 3).map(said)).toEqual(before.slice(0, 3).map(said));
    expect(
      rows.filter(({ seat, turn }) => seat === 1 && turn >= 3).map(({ text, player, token_ids }) => [text, player, token_ids]),
    ).toEqual([
      ['B', 'human', []],
      ['A', 'human', []],
    ]);
    expect(rows[4]).toMatchObject({ seat: 0, player: policyOf(before[4]!.player) });
    expect(rows[4]!.token_ids.length).toBeGreaterThan(0);
    await expect(forkWork({ ...params, samples: 2 }, work())).rejects.toThrow('one branch at a time');
    await expect(forkWork({ ...params, players: ['human', 'human'] }, work())).rejects.toThrow('only one seat');
    // It would have said something else to what the person answered.
    const lab = { baseUrl: 'http://127.0.0.1:1/v1', model: 'none', timeoutSeconds: 1, retries: 0, concurrency: 1, thinkingTokens: 0 };
    const withLab = { ...work(), settings: { ...SETTINGS, apis: { lab } } };
    await expect(forkWork({ ...params, players: ['api:lab', 'human'] }, withLab)).rejects.toThrow('Play Against Policy');
  });

  it('of a game with talk keep who spoke first, and what was said', async () => {
    const talk = join(root, 'talk');
    const game = { iterations: 1, buffer: { enabled: false }, gameSettings: { rounds: 2 } };
    const config = toyConfig(
      {},
      { game: 'trust-and-split', layers: [{ source: 'test', settings: { negotiations: 4, groupSize: 2, ...game } }] },
    );
    await runToy(toyParams(talk, config));
    const bytes = (await readFile(join(talk, 'rollouts/000001.parquet'))).length;
    const before = await new RolloutReader().negotiation(talk, { file: 'rollouts/000001.parquet', rows: 0, bytes, sha256: '' }, 3);
    for (const turn of [1, 2, 5]) {
      const players: [string, string] = ['scripted:greedy', 'scripted:greedy'];
      await forkWork({ job: 1, folder: talk, iteration: 1, negotiation: 3, turn, players, samples: 1, seed: 0 }, work());
      const kept = (await readBranchIndex(talk)).branches.at(-1)!;
      const rows = await new RolloutReader().negotiation(talk, kept.rollouts, 3);
      expect(rows.slice(0, turn).map(said)).toEqual(before.slice(0, turn).map(said));
      expect(rows.map(({ seat, kind, deal }) => [seat, kind, deal])).toEqual(before.map(({ seat, kind, deal }) => [seat, kind, deal]));
      expect(kept.reward).toEqual([0, 1].map((seat) => rows.filter((row) => row.seat === seat && row.kind === 'action').reduce((sum, { reward }) => sum + reward, 0) / 2)); // biome-ignore format: one line
    }
  });

  it('leave everything else in the folder as it was', async () => {
    const copy = join(root, 'copy');
    await runToy(toyParams(copy, toyConfig()));
    const differing = await differences(folder, copy);
    expect(differing.every((file) => file.startsWith('branches/'))).toBe(true);
    expect(differing.length).toBeGreaterThan(2);
  });

  it('are refused in one line where they cannot be', async () => {
    await expect(fork({ iteration: 9 })).rejects.toThrow('toy has no committed iteration 9');
    await expect(fork({ negotiation: 80 })).rejects.toThrow('toy has no negotiation 80 in iteration 4');
    await expect(fork({ turn: 6 })).rejects.toThrow('the negotiation has no turn 6');
    await expect(fork({ players: [null, 'scripted:tit-for-tatt'] })).rejects.toThrow('did you mean "tit-for-tat"');
    const other = join(root, 'other');
    await runToy(toyParams(other, toyConfig()));
    const run = JSON.parse(await readFile(join(other, 'run.json'), 'utf8')) as { config: { gameSettings: { showRound: boolean } } };
    run.config.gameSettings.showRound = true;
    await writeFile(join(other, 'run.json'), JSON.stringify(run));
    const params = {
      job: 1,
      folder: other,
      iteration: 4,
      negotiation: 2,
      turn: 3,
      players: [null, null] as [null, null],
      samples: 1,
      seed: 0,
    };
    await expect(forkWork(params, work())).rejects.toThrow(/turn \d of .* cannot be played again: what the agent read differs/);
  });

  it('write out the prompt that was sent, from the tokens on record', async () => {
    const rows = await original(4, 2);
    const ask = { job: 1, folder, iteration: 4, negotiation: 2 };
    const { tokenizer } = toyEnvironment().engine;
    const write = (tokens: readonly number[]): string => tokenizer.tokenTexts(tokens).join('');
    const first = await sentPromptWork({ ...ask, turn: 0 }, work());
    expect(first).toEqual({ before: '', added: write(rows[0]!.prompt_token_ids), tokens: rows[0]!.prompt_token_ids.length });
    const own = rows.filter(({ seat }) => seat === rows[3]!.seat);
    const later = await sentPromptWork({ ...ask, turn: 3 }, work());
    const [before] = own;
    expect(later.before).toBe(write([...before!.prompt_token_ids, ...before!.token_ids]));
    expect(later.before + later.added).toBe(write([...before!.prompt_token_ids, ...before!.token_ids, ...rows[3]!.prompt_token_ids]));
    expect(later.added).toContain(rows[3]!.prompt.trim().split(/\s+/).at(-1));
    await expect(sentPromptWork({ ...ask, turn: 99 }, work())).rejects.toThrow('has no turn 99');
    await fork({ turn: 2, players: ['scripted:always-defect', null], samples: 1, seed: 4 });
    const branch = (await readBranchIndex(folder)).branches.at(-1)!.branch;
    await expect(sentPromptWork({ ...ask, branch, turn: 2 }, work())).rejects.toThrow('no policy of this machine');
  });

  it('tell what policies would say at a token', async () => {
    const rows = await original(4, 2);
    const iteration = Number(policyOf(rows[3]!.player).replace('run@', ''));
    const ask = { job: 1, folder, iteration: 4, negotiation: 2, turn: 3, token: 0, top: 3 };
    const answer = await distributionWork({ ...ask, policies: [{ folder, iteration }, { folder, iteration: 0 }] }, work()); // biome-ignore format: one line
    expect(answer.policies.map(({ name }) => name)).toEqual([`run@${iteration}`, 'run@0']);
    const at = answer.tokens.findIndex(({ isSaid }) => isSaid);
    expect(answer.tokens[at]).toMatchObject({ id: rows[3]!.token_ids[0], text: rows[3]!.token_texts[0], isAllowed: true });
    for (const { free, masked, rest } of answer.policies) {
      expect(free.reduce((sum, p) => sum + p, 0) + rest[0]).toBeCloseTo(1, 5);
      expect(masked!.reduce((sum, p) => sum + p, 0) + rest[1]!).toBeCloseTo(1, 5);
      expect(masked!.every((p, i) => p > 0 === answer.tokens[i]!.isAllowed)).toBe(true);
    }
    // The policy that said it gives it the probability on record, and had the valid mass and the entropy on record.
    const [then] = answer.policies;
    expect(Math.log(then!.masked![at]!)).toBeCloseTo(rows[3]!.log_probs[0]!, 5);
    expect(then!.validMass).toBeCloseTo(rows[3]!.valid_mass[0]!, 5);
    expect(then!.entropy).toBeCloseTo(rows[3]!.entropies[0]!, 5);
    // Of what a token forces, only it is allowed.
    const end = await distributionWork({ ...ask, token: 1, policies: [{ folder, iteration }] }, work());
    expect(end.policies[0]!.masked).toEqual(end.tokens.map(({ isSaid }) => (isSaid ? 1 : 0)));
    await expect(distributionWork({ ...ask, token: 7, policies: [{ folder, iteration }] }, work())).rejects.toThrow(
      'turn 3 has no token 8',
    );
    await expect(distributionWork({ ...ask, policies: [{ folder, iteration: 5 }] }, work())).rejects.toThrow(
      'no checkpoint of iteration 5',
    );
    const [scripted] = await fork({ turn: 2, players: ['scripted:always-defect', null], samples: 1, seed: 4 });
    const branch = (await readBranchIndex(folder)).branches.at(-1)!.branch;
    expect(scripted![2]!.token_ids).toEqual([]);
    await expect(distributionWork({ ...ask, branch, turn: 2, policies: [{ folder, iteration }] }, work())).rejects.toThrow(
      'is no policy of this machine',
    );
    const inBranch = await distributionWork({ ...ask, branch, turn: 3, policies: [{ folder, iteration }] }, work());
    expect(inBranch.tokens.some(({ id, isSaid }) => isSaid && id === scripted![3]!.token_ids[0])).toBe(true);
  });
});
