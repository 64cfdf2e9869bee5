import { defaultGameSettings } from '../../../src/domain/games';
import { scriptedPlayers } from '../../../src/domain/players';
import type { MatchupsFile } from '../../../src/protocol/matchups';
import { type EvaluateOptions, evaluate } from '../../../src/trainer/evaluate/evaluate';
import type { Player } from '../../../src/trainer/players/player';
import { TabularEngine } from './tabularEngine';

const SETTINGS = { ...defaultGameSettings('ipd'), rounds: 3 };

/** What differs from evaluation to evaluation. */
export interface TabularMatchups extends Partial<Omit<EvaluateOptions, 'players' | 'sides'>> {
  /** Odds of A to B of the trained policy of this run, and the hash of its weights. */
  readonly trained?: { readonly odds: number; readonly weights: string };
  /** Told of every turn that a scripted player takes. */
  readonly onReply?: (name: string) => void;
}

/**
 * A small match-up matrix in which every kind of cell occurs: a base model, a player of two trained policies, scripted players,
 * one of them by chance. Seven pairs in six cells.
 */
export async function tabularMatchups({ trained, onReply, ...options }: TabularMatchups): Promise<MatchupsFile> {
  const engine = new TabularEngine({ prior: logits(1) });
  const { odds, weights } = trained ?? { odds: 3, weights: 'a'.repeat(64) };
  const players: Player[] = [
    policy(engine, 'toy'),
    { ...policy(engine, 'aa-1@7'), policy: new TabularEngine({ prior: logits(odds) }).base, weights },
    { ...policy(engine, 'aa-2@7'), policy: new TabularEngine({ prior: logits(9) }).base, weights: 'b'.repeat(64) },
    scripted('random(0.5)', onReply),
  ];
  const sides = [
    { name: 'toy', members: [0] },
    { name: 'aa', members: [1, 2] },
    { name: 'scripted:random(0.5)', members: [3] },
  ];
  const rules = { rounds: 3 };
  const common = { game: 'ipd', rules, seed: 3, negotiations: 8, batch: 512, parley: '0.0.0', created: '2026-01-01' } as const;
  return evaluate({ ...common, ...options, players, sides });
}

function policy(engine: TabularEngine, name: string): Extract<Player, { kind: 'policy' }> {
  const speech = { decoding: 'masked', retries: 0, temperature: 1 } as const;
  return { kind: 'policy', name, settings: SETTINGS, engine, policy: engine.base, speech };
}

function scripted(name: string, onReply: TabularMatchups['onReply']): Player {
  const player = scriptedPlayers('ipd').get(name);
  const reply: typeof player.reply = (...turn) => {
    onReply?.(name);
    return player.reply(...turn);
  };
  return { kind: 'scripted', name: `scripted:${name}`, player: { ...player, name: player.name, reply } };
}

function logits(odds: number): readonly (readonly [word: string, logit: number])[] {
  return [
    ['A', 2 + Math.log(odds)],
    ['B', 2],
    ['<end>', 2],
  ];
}
