import type * as z from 'zod';
import type { Action } from '../domain/games/game';
import { type Pair, pair, type Seat } from '../domain/seat';
import { actionCell, dealCell, shareCell, type TurnRow } from '../protocol/rollouts';
import type { CreditView, GroupMember, NegotiationView, Place, RoundView, TokenColumns, TurnView } from '../protocol/webview';
import { firstIssue, messageOf } from './problem';

/** What the group's table needs of a turn; token columns of the other negotiations stay on disk, credits follow from these. */
export const MEMBER_COLUMNS = [
  'negotiation',
  'round',
  'turn',
  'seat',
  'player',
  'kind',
  'reward',
  'return',
  'baseline',
  'opponent_advantage',
  'weight',
  'action',
] as const;

/** See `MEMBER_COLUMNS`. */
export type MemberRow = Pick<TurnRow, (typeof MEMBER_COLUMNS)[number]>;

/** What a credit is made of; the token columns where they were read. */
type CreditedRow = Pick<TurnRow, 'return' | 'baseline' | 'opponent_advantage' | 'weight'> &
  Partial<Pick<TurnRow, 'own_advantage' | 'alignment_term' | 'credit'>>;

/**
 * A committed negotiation as the inspector draws it, from its own turns and those of its seed group.
 * @throws Error in one line when a cell is not what the format says
 */
export function negotiationView(
  place: Place,
  rules: ViewRules,
  turns: readonly TurnRow[],
  group: readonly MemberRow[],
): NegotiationView | null {
  const first = turns[0];
  if (first === undefined) return null;
  return {
    place: { ...place, group: first.seed_group, negotiation: first.negotiation },
    ...rulesOf(rules),
    group: first.seed_group,
    players: playersOf(turns),
    rounds: roundsOf(turns),
    turns: turns.map((row) => turnView(row, rules)),
    members: membersOf(group, rules).filter((member) => member.negotiation !== first.negotiation),
    committed: true,
  };
}

/** What a negotiation's view takes from its run: the game, and the numbers of the credit's formula. */
export type ViewRules = Pick<NegotiationView, 'game' | 'algorithm' | 'gamma' | 'beta' | 'matchedGamma' | 'rewardScale'>;

/** The rules of a game that nobody was trained in. */
export function untrainedRules(game: string): ViewRules {
  return { game, algorithm: null, gamma: 1, beta: 0, matchedGamma: false, rewardScale: 1 };
}

/** The rules of a run, and nothing else of its configuration. */
export function rulesOf({ game, algorithm, gamma, beta, matchedGamma, rewardScale }: ViewRules): ViewRules {
  return { game, algorithm, gamma, beta, matchedGamma, rewardScale };
}

/** An action in the few characters that a table has room for. */
export function actionText(action: Action): string {
  return action.kind === 'choice' ? action.choice : action.amounts.join('/');
}

/** The seat of a row; anything but 0 is the second. */
export function seatOf(row: Pick<TurnRow, 'seat'>): Seat {
  return row.seat === 0 ? 0 : 1;
}

/** Own advantage, alignment term and their sum: from the token columns, which all tokens of a round share, or where those are not read by definition. */
export function creditOf(row: CreditedRow, config: Pick<ViewRules, 'algorithm' | 'beta'>): CreditView {
  const own = row.own_advantage?.[0] ?? row.return - row.baseline;
  const alignment = row.alignment_term?.[0] ?? alignmentTerm(row, config);
  return {
    return: row.return,
    baseline: row.baseline,
    own,
    opponent: row.opponent_advantage,
    weight: row.weight,
    alignment,
    credit: row.credit?.[0] ?? own + alignment,
  };
}

/** What the alignment term is where no token carries it (spec of credits: rl none, sum the opponent's advantage, else β·w·A²). */
function alignmentTerm(row: CreditedRow, { algorithm, beta }: Pick<ViewRules, 'algorithm' | 'beta'>): number {
  if (algorithm === 'rl' || algorithm === null) return 0;
  return algorithm === 'sum' ? row.opponent_advantage : beta * row.weight * row.opponent_advantage;
}

function turnView(row: TurnRow, rules: ViewRules): TurnView {
  return {
    turn: row.turn,
    round: row.round,
    seat: seatOf(row),
    kind: row.kind === 'message' ? 'message' : 'action',
    prompt: row.prompt,
    text: row.text,
    valid: row.valid,
    trained: row.trained,
    tokens: tokensOf(row),
    credit: rules.algorithm === null ? null : creditOf(row, rules),
  };
}

function tokensOf(row: TurnRow): TokenColumns {
  return {
    ids: row.token_ids,
    texts: row.token_texts,
    logProbs: row.log_probs,
    trainLogProbs: row.train_log_probs,
    ratios: row.ratios,
    referenceLogProbs: row.reference_log_probs,
    entropies: row.entropies,
    validMass: row.valid_mass,
    forced: row.forced,
  };
}

function playersOf(rows: readonly Pick<TurnRow, 'seat' | 'player'>[]): Pair<string> {
  return pair((seat) => rows.find((row) => seatOf(row) === seat)?.player ?? '');
}

/** Finished rounds: those in which both seats have acted. */
function roundsOf(turns: readonly TurnRow[]): RoundView[] {
  return byRound(turns).flatMap(([round, rows]) => {
    const acts = actsOf(rows);
    if (acts === undefined) return [];
    return {
      round,
      deal: cell(dealCell, 'deal', acts[0], acts[0].deal) as RoundView['deal'],
      actions: pair((seat) => parseAction(acts[seat])),
      rewards: pair((seat) => acts[seat].reward),
      shares: pair((seat) => cell(shareCell, 'share', acts[seat], acts[seat].share)),
      bestJointReward: acts[0].best_joint_reward,
    };
  });
}

function membersOf(group: readonly MemberRow[], rules: ViewRules): GroupMember[] {
  const negotiations = new Map<number, MemberRow[]>();
  for (const row of group) {
    const rows = negotiations.get(row.negotiation) ?? [];
    negotiations.set(row.negotiation, rows);
    rows.push(row);
  }
  return [...negotiations].map(([negotiation, rows]) => {
    const acts = byRound(rows).flatMap(([, turns]) => {
      const both = actsOf(turns);
      return both === undefined ? [] : [both];
    });
    const each = <T>(read: (row: MemberRow) => T): Pair<T[]> => pair((seat) => acts.map((both) => read(both[seat])));
    return {
      negotiation,
      players: playersOf(rows),
      rewards: each((row) => row.reward),
      returns: each((row) => row.return),
      own: each((row) => creditOf(row, rules).own),
      credits: each((row) => creditOf(row, rules).credit),
      actions: each((row) => actionText(parseAction(row))),
    };
  });
}

/** Rows by round, rounds ascending, each row's order kept. */
export function byRound<T extends Pick<TurnRow, 'round'>>(rows: readonly T[]): [round: number, rows: T[]][] {
  const rounds = new Map<number, T[]>();
  for (const row of rows) {
    const known = rounds.get(row.round);
    if (known === undefined) rounds.set(row.round, [row]);
    else known.push(row);
  }
  return [...rounds].sort(([a], [b]) => a - b);
}

/** Both seats' actions of one round; undefined while one is missing. */
export function actsOf<T extends Pick<TurnRow, 'seat' | 'kind'>>(rows: readonly T[]): Pair<T> | undefined {
  const [alice, bob] = pair((seat) => rows.find((row) => seatOf(row) === seat && row.kind === 'action'));
  return alice === undefined || bob === undefined ? undefined : [alice, bob];
}

/** The `action` cell. @throws Error in one line that names the cell */
export function parseAction(row: CellRow & Pick<TurnRow, 'action'>): Action {
  return cell(actionCell, 'action', row, row.action ?? 'null');
}

/** What names a row to a reader. */
type CellRow = Partial<Pick<TurnRow, 'turn' | 'round' | 'negotiation'>>;

/** A cell of JSON from a rollout file, whoever wrote it. @throws Error in one line that names the cell */
function cell<T>(schema: z.ZodType<T>, name: string, { turn, round, negotiation }: CellRow, text: string): T {
  const at = turn === undefined ? `round ${(round ?? 0) + 1}` : `turn ${turn}`;
  const where = `the ${name} of ${at} in negotiation ${negotiation} is none`;
  const remedy = 'the rollout file was damaged, or written by another program: restore it from a copy';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} (${messageOf(error)}): ${remedy}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new Error(`${where} (${firstIssue(parsed.error)}): ${remedy}`);
  return parsed.data;
}
