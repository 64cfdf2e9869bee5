import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AA, all, copyOf, FIXTURES, temporary } from '../../../test/adalign/folders';
import { assignCredit } from '../../domain/advantage';
import { measure } from '../../domain/metrics';
import { actionCell, dealCell, ROLLOUT_COLUMNS, shareCell } from '../../protocol/rollouts';
import { negotiationSummaries } from '../../protocol/runFiles';
import { isAdAlignFolder, proposeSettings, readIterations, summarise, summaryText } from './index';

describe('folders', () => {
  it('recognises runs, seeds and iterations, and nothing else', async () => {
    const run = join(FIXTURES, 'tas');
    expect(await isAdAlignFolder(run)).toBe(true);
    expect(await isAdAlignFolder(join(run, 'seed_0'))).toBe(true);
    expect(await isAdAlignFolder(join(run, 'seed_0/iteration_001'))).toBe(true);
    expect(await isAdAlignFolder(FIXTURES)).toBe(false);
    expect(await isAdAlignFolder(join(run, 'no such folder'))).toBe(false);
    const other = temporary();
    mkdirSync(join(other, 'iteration_000'));
    writeFileSync(join(other, 'iteration_000', 'notes.txt'), '');
    expect(await isAdAlignFolder(other)).toBe(false);
  });

  it.each([
    [
      'ipd',
      { negotiations: 4, assistantTurns: 48, producedTokens: 48, totalReward: { Alice: 68, Bob: 53 }, logProbSum: -48.73665231093764 },
    ],
    [
      'split',
      {
        negotiations: 4,
        assistantTurns: 32,
        producedTokens: 257,
        totalReward: { Alice: 1166.901828305853, Bob: 1075.0601168697142 },
        logProbSum: -237.45581432804465,
      },
    ],
    [
      'tas',
      {
        negotiations: 4,
        assistantTurns: 64,
        producedTokens: 911,
        totalReward: { Alice: 344.3760683760683, Bob: 211.23931623931622 },
        logProbSum: -917.4259462584741,
      },
    ],
  ])('sums up %s as Python does', async (game, expected) => {
    const summary = await summarise(join(FIXTURES, game));
    expect(summary).toEqual({
      ...expected,
      totalReward: { Alice: expect.closeTo(expected.totalReward.Alice, 9), Bob: expect.closeTo(expected.totalReward.Bob, 9) },
      logProbSum: expect.closeTo(expected.logProbSum, 9),
      skipped: [],
    });
    expect(summaryText(summary)).toContain('nothing skipped');
    expect(await summarise(join(FIXTURES, game, 'seed_0'))).toEqual(summary);
  });

  it('says what it skipped and why, and reads the rest', async () => {
    const run = copyOf('tas');
    const iteration = join(run, 'seed_0/iteration_001');
    const rollout = readFileSync(join(iteration, 'mgid_2.rt.pkl'));
    writeFileSync(join(iteration, 'mgid_2.rt.pkl'), rollout.subarray(0, 5_000));
    writeFileSync(join(iteration, 'mgid_9.rt.pkl'), Buffer.from('\x80\x04cos\nsystem\n\x8c\x02id\x85R.', 'latin1'));
    writeFileSync(join(iteration, 'mgid_8.rt.pkl'), Buffer.from('\x80\x04}.', 'latin1'));
    writeFileSync(join(iteration, 'agent_trainer.tally.pkl'), 'x');
    writeFileSync(join(iteration, 'stats.csv'), 'x');
    writeFileSync(join(run, 'seed_0/random_state.pkl'), 'x');
    mkdirSync(join(run, '.hydra'));
    const log = join(iteration, 'agent_trainer_tokenwise.csv/mgid_3_agent_id_Bob_tokenwise.csv');
    writeFileSync(log, readFileSync(log, 'utf8').replace('\n27,', '\n26,'));
    const summary = await summarise(run);
    expect(summary.negotiations).toBe(3);
    const reasons = Object.fromEntries(summary.skipped.map(({ file, reason }) => [file.replace('seed_0/iteration_001/', ''), reason]));
    expect(reasons).toEqual({
      '.hydra': 'is not part of an iteration',
      'seed_0/random_state.pkl': 'is not part of an iteration',
      'agent_trainer.tally.pkl': 'is a pickle that is no rollout',
      'stats.csv': 'is a table that is no token-wise log',
      'mgid_2.rt.pkl': expect.stringContaining('cut short'),
      'mgid_8.rt.pkl': expect.stringContaining('agent_ids'),
      'mgid_9.rt.pkl': expect.stringContaining('os.system'),
      'agent_trainer_tokenwise.csv/mgid_2_agent_id_Alice_tokenwise.csv': 'belongs to no negotiation that was read',
      'agent_trainer_tokenwise.csv/mgid_2_agent_id_Bob_tokenwise.csv': 'belongs to no negotiation that was read',
      'agent_trainer_tokenwise.csv/mgid_3_agent_id_Bob_tokenwise.csv': expect.stringContaining('other tokens'),
    });
    expect(summaryText(summary)).toContain('skipped 10:');
  });

  it('says so where there is no run', async () => {
    await expect(summarise(temporary())).rejects.toThrow(/holds no run of AdAlignLLM's/);
  });
});

describe('iterations', () => {
  it.each(['ipd', 'split', 'tas'])('gives %s as rows of a rollout file', async (game) => {
    const iterations = await all(join(FIXTURES, game));
    expect(iterations.map(({ iteration, folder, seed }) => [iteration, folder, seed])).toEqual([
      [1, 'seed_0/iteration_000', 0],
      [2, 'seed_0/iteration_001', 0],
    ]);
    for (const { rows, summaries, outcomes, game: id } of iterations) {
      expect(negotiationSummaries.parse(summaries)).toEqual(summaries);
      expect(summaries.group).toEqual([0, 0]);
      expect(measure(id!, outcomes).meanReward).toEqual([expect.any(Number), expect.any(Number)]);
      for (const row of rows) {
        expect(Object.keys(row).sort()).toEqual(Object.keys(ROLLOUT_COLUMNS).sort());
        expect(dealCell.safeParse(JSON.parse(row.deal)).success).toBe(true);
        expect(shareCell.safeParse(JSON.parse(row.share)).success).toBe(true);
        expect(row.action !== null).toBe(row.kind === 'action');
        if (row.action !== null) actionCell.parse(JSON.parse(row.action));
        for (const column of ['log_probs', 'token_texts', 'forced', 'own_advantage', 'alignment_term', 'credit'] as const) {
          expect(row[column]).toHaveLength(row.token_ids.length);
        }
        expect(row.token_texts.join('')).toBe(row.text);
        expect(row.valid).toBe(true);
      }
      // Shares and rewards are told separately: units × own value have to give the points.
      if (game === 'ipd') continue;
      for (const row of rows) {
        const value = dealCell.parse(JSON.parse(row.deal)).values[row.seat as 0 | 1];
        expect(shareCell.parse(JSON.parse(row.share)).reduce((sum, units, k) => sum + units * value[k]!, 0)).toBeCloseTo(row.reward, 9);
      }
    }
  });

  it('orders turns as they were spoken, and knows who opened', async () => {
    const [, second] = await all(join(FIXTURES, 'tas'));
    const turns = second!.rows.filter(({ negotiation }) => negotiation === 0);
    expect(turns.slice(0, 8).map(({ round, turn, agent, kind }) => `${round} ${turn} ${agent} ${kind}`)).toEqual([
      '0 0 alice message',
      '0 1 bob message',
      '0 2 alice action',
      '0 3 bob action',
      '1 4 bob message',
      '1 5 alice message',
      '1 6 alice action',
      '1 7 bob action',
    ]);
    expect(turns[0]!.text).toBe('<<message_start>>I hold scissors. Let us share by value, naïve or not 🤝<<message_end>>');
    expect(JSON.parse(turns[0]!.deal)).toEqual({ quantities: [10], values: [[10], [1]], hands: ['scissors', 'paper'], opener: 0 });
    expect(JSON.parse(turns[4]!.deal).opener).toBe(1);
    expect(turns[2]!.action).toBe('{"kind":"keep","amounts":[5]}');
    expect(JSON.parse(turns[2]!.share)).toEqual([expect.closeTo(10 / 3, 12)]);
    expect(turns[2]!.prompt.split('\n')).toHaveLength(2);
    expect(turns[2]!.prompt_token_ids).toHaveLength(30);
    expect(turns.every(({ player, trained }) => player === 'policy' && trained)).toBe(true);
    expect(second!.sources).toEqual([
      { file: 'seed_0/iteration_001/mgid_2.rt.pkl', id: 2, crnId: 111 },
      { file: 'seed_0/iteration_001/mgid_3.rt.pkl', id: 3, crnId: 111 },
    ]);
  });

  it('recomputes advantages with the rules of the domain, and measures how far the log is from them', async () => {
    const [first, second] = await all(join(FIXTURES, 'tas'));
    expect(first!.check).toEqual({ tokens: 0, largestDifference: null, at: null });
    const rewards = [0, 1].map((seat) =>
      [0, 1].map((n) =>
        second!.rows.filter((row) => row.seat === seat && row.negotiation === n && row.kind === 'action').map((row) => row.reward),
      ),
    ) as [number[][], number[][]];
    const expected = assignCredit({ rewards, groups: [0, 0] }, AA);
    let largest = 0;
    for (const row of second!.rows) {
      const at = (ledger: typeof expected.credits): number => ledger[row.seat as 0 | 1][row.negotiation]![row.round]!;
      expect(row.own_advantage[0]).toBeCloseTo(at(expected.advantages), 12);
      expect(row.alignment_term[0]).toBeCloseTo(at(expected.alignment), 12);
      expect(row.weight).toBeCloseTo(at(expected.weights), 12);
      largest = Math.max(largest, Math.abs(row.credit[0]! - at(expected.credits)));
    }
    // The logged credits of the fixtures are made up, and stand in the rows as they were logged.
    expect(second!.rows[0]!.credit[0]).toBeCloseTo(0.2458, 6);
    expect(second!.check).toMatchObject({ tokens: 457, largestDifference: expect.closeTo(largest, 12) });
    expect(second!.rows[0]!.train_log_probs).toEqual([expect.closeTo(-0.81995648, 6), ...Array(20).fill(expect.any(Number))]);
    expect(second!.rows[0]!.ratios[0]).toBeCloseTo(1, 6);
  });

  it('finds no difference where the log has the credits of the rule', async () => {
    const run = copyOf('split');
    const iteration = (await all(run))[1]!;
    const folder = join(run, 'seed_0/iteration_001/agent_trainer_tokenwise.csv');
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.csv'))) {
      const [, id, agent] = /^mgid_(\d)_agent_id_(\w+)_tokenwise/.exec(name)!;
      const credits = iteration.rows
        .filter((row) => row.negotiation === Number(id) - 2 && row.seat === (agent === 'Alice' ? 0 : 1))
        .flatMap((row) => row.token_ids.map((_, i) => row.own_advantage[i]! + row.alignment_term[i]!));
      const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
      const changed = lines.map((line, i) =>
        i === 0 ? line : line.replace(/^(\d+,"[^"]*",[^,]*,)[^,]*/, (_, head: string) => `${head}${Math.fround(credits[i - 1]!)}`),
      );
      writeFileSync(join(folder, name), `${changed.join('\n')}\n`);
    }
    const [, again] = await all(run);
    expect(again!.check.tokens).toBe(128);
    expect(again!.check.largestDifference).toBeLessThan(1e-6);
    const [, other] = await all(run, { ...AA, beta: 1 });
    expect(other!.check.largestDifference).toBeGreaterThan(1e-3);
  });

  it('tells cooperation in the IPD, and its payoffs', async () => {
    const [, second] = await all(join(FIXTURES, 'ipd'));
    expect(second!.game).toBe('ipd');
    expect(second!.summaries.cooperation).toEqual([
      [5 / 6, 5 / 6],
      [4 / 6, 3 / 6],
    ]);
    const row = second!.rows[0]!;
    expect([row.text, row.action, row.best_joint_reward]).toEqual(['<A>', '{"kind":"choice","choice":"A"}', 6]);
  });

  it('reads from a later iteration on, and one seed alone', async () => {
    const run = copyOf('ipd');
    cpSync(join(run, 'seed_0'), join(run, 'seed_7'), { recursive: true });
    expect((await all(run, AA, { from: 2 })).map(({ folder }) => folder)).toEqual(['seed_0/iteration_001', 'seed_7/iteration_001']);
    expect((await all(run, AA, { seed: 7 })).map(({ folder }) => folder)).toEqual(['seed_7/iteration_000', 'seed_7/iteration_001']);
  });

  it('follows a run that is being written, and gives an iteration again when its logs come', async () => {
    const source = join(FIXTURES, 'tas/seed_0');
    const run = temporary();
    const copy = (name: string): void => cpSync(join(source, name), join(run, 'seed_0', name), { recursive: true });
    copy('iteration_000');
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const { iteration, check } of readIterations(run, AA, { follow: { signal: stop.signal, every: 5, quiet: 0 } })) {
      seen.push(`${iteration}: ${check.tokens}`);
      if (seen.length === 1) {
        mkdirSync(join(run, 'seed_0/iteration_001'));
        for (const name of ['mgid_2.rt.pkl', 'mgid_3.rt.pkl']) copy(`iteration_001/${name}`);
      } else if (seen.at(-1) === '2: 0') copy('iteration_001/agent_trainer_tokenwise.csv');
      else if (seen.at(-1) === '2: 457') stop.abort();
    }
    expect(seen[0]).toBe('1: 0');
    expect(seen.at(-1)).toBe('2: 457');
    expect(seen).toContain('2: 0');
  });
});

describe('settings', () => {
  it('are the paper’s for the game, and those that Hydra kept', async () => {
    const run = temporary();
    expect(await proposeSettings(run, 'ipd')).toEqual({ settings: { ...AA, gamma: 0.9, beta: 0.5, rewardScale: 5 }, found: [] });
    mkdirSync(join(run, '.hydra'));
    writeFileSync(
      join(run, '.hydra/config.yaml'),
      'trainers:\n  agent_trainer:\n    class: TrainerAdAlign\n    kwargs:\n      discount_factor: 0.9\n      ad_align_gamma: 0.95\n      ad_align_beta: 3.0 # strong\n      ad_align_exclude_k_equals_t: false\n      reward_normalizing_constant: 50.0\n',
    );
    const { settings, found } = await proposeSettings(run, 'ipd');
    expect(settings).toEqual({ ...AA, algorithm: 'aa-jit', gamma: 0.95, beta: 3, rewardScale: 50 });
    expect(found).toEqual(['algorithm', 'gamma', 'beta', 'rewardScale']);
  });
});
