import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TabularEngine } from '../../../test/unit/trainer/tabularEngine';
import { defaultGameSettings } from '../../domain/games';
import { scriptedPlayers } from '../../domain/players';
import type { Policy } from '../../engine/engine';
import { RolloutReader } from '../../runs/rolloutReader';
import type { PolicyPlayer } from '../players/player';
import { evaluate } from './evaluate';

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'reference-'));
});
afterAll(() => rm(out, { recursive: true }));

const OPTIONS = { game: 'ipd', seed: 3, negotiations: 64, batch: 512, parley: '0.0.0', created: '', rules: { rounds: 4 } } as const;
const SETTINGS = { ...defaultGameSettings('ipd'), rounds: 4 };
const tft = { kind: 'scripted', name: 'scripted:tit-for-tat', player: scriptedPlayers('ipd').get('tit-for-tat') } as const;

/** A policy that says A with odds 3 : 1, where its base says it with odds 1 : 1; both spend as much on words that are none. */
async function biased(): Promise<{ engine: TabularEngine; policy: Policy }> {
  const trained = new TabularEngine({
    prior: [
      ['A', 2 + Math.log(3)],
      ['B', 2],
      ['<end>', 2],
    ],
  });
  const engine = new TabularEngine({
    prior: [
      ['A', 2],
      ['B', 2],
      ['<end>', 2],
    ],
  });
  const folder = await mkdtemp(join(out, 'policy-'));
  await trained.savePolicy(trained.base, folder);
  return { engine, policy: await engine.loadPolicy(folder, 'biased') };
}

const seated = (engine: TabularEngine, policy: Policy, more: Partial<PolicyPlayer> = {}): PolicyPlayer => ({
  kind: 'policy',
  name: 'biased',
  settings: SETTINGS,
  engine,
  policy,
  speech: { decoding: 'masked', retries: 0, temperature: 1 },
  ...more,
});

describe('the KL to the base model in a cell', () => {
  it('is that of the distributions, up to chance', async () => {
    const { engine, policy } = await biased();
    const { measures } = await evaluate({ ...OPTIONS, negotiations: 1024, players: [seated(engine, policy, { klOver: 'masked' }), tft] });
    // The choice's distribution is (3/4, 1/4) against (1/2, 1/2); the stop token, half of what is said, is forced.
    const exact = (0.75 * Math.log(1.5) + 0.25 * Math.log(0.5)) / 2;
    expect(measures[0]![1]!.kl).toBeCloseTo(exact, 2);
    expect(measures[0]![0]!.kl).toBeCloseTo(exact, 2);
    // A scripted player has no distribution.
    expect([measures[1]![0]!.kl, measures[1]![1]!.kl]).toEqual([null, null]);
  });

  it.each(['full', 'masked'] as const)('is the mean of k3 over the tokens on record (%s)', async (klOver) => {
    const { engine, policy } = await biased();
    const folder = join(out, klOver);
    const { measures, rollouts } = await evaluate({ ...OPTIONS, players: [seated(engine, policy, { klOver }), tft], out: folder });
    const columns = ['player', 'log_probs', 'valid_mass', 'reference_log_probs'] as const;
    const rows = await new RolloutReader().all(folder, rollouts.find(({ cell }) => cell[1] > cell[0])!, columns);
    const terms = rows.flatMap((row) => {
      if (row.player !== 'biased') expect(row.reference_log_probs).toEqual([]);
      return row.reference_log_probs.map((reference, i) => {
        const ratio = Math.exp(reference) / (Math.exp(row.log_probs[i]!) * (klOver === 'full' ? row.valid_mass[i]! : 1));
        return ratio - 1 - Math.log(ratio);
      });
    });
    expect(terms).toHaveLength(64 * 4 * 2);
    expect(measures[0]![1]!.kl).toBeCloseTo(terms.reduce((sum, term) => sum + term, 0) / terms.length, 6);
    expect(measures[0]![1]!.kl).toBeGreaterThan(0.01);
  });

  it('is 0 for a base model, and null where tokens are cut off', async () => {
    const { engine, policy } = await biased();
    const base = await evaluate({ ...OPTIONS, players: [seated(engine, engine.base)] });
    expect(base.measures[0]![0]!.kl).toBe(0);
    const speech = { decoding: 'masked', retries: 0, temperature: 1 } as const;
    for (const cut of [{ topK: 1 }, { topP: 0.9 }, { greedy: true }]) {
      const { measures } = await evaluate({ ...OPTIONS, players: [seated(engine, policy, { speech: { ...speech, ...cut } })] });
      expect(measures[0]![0]!.kl).toBeNull();
    }
  });

  it('is over the policies where a player is several', async () => {
    const { engine, policy } = await biased();
    const players = [seated(engine, policy), seated(engine, engine.base, { name: 'base' }), tft];
    const each = await evaluate({ ...OPTIONS, players });
    const both = await evaluate({
      ...OPTIONS,
      players,
      sides: [
        { name: 'both', members: [0, 1] },
        { name: 'tft', members: [2] },
      ],
    });
    expect(both.measures[0]![1]!.kl).toBeCloseTo(each.measures[0]![2]!.kl! / 2, 9);
  });
});
