import type { Action, GameId, RoundOutcome } from '../../domain/games/game';
import { type Pair, pair, type Seat } from '../../domain/seat';
import type { TurnRow } from '../../protocol/rollouts';
import type { NegotiationCredits } from './credits';
import { type Payoffs, type RoundRecord, roundRecord } from './game';
import { type ProducedTurn, producedTurns, type Round, roundsOf } from './negotiation';
import type { Branch, RolloutTree } from './rolloutTree';
import { spelledTexts, type TokenwiseLog } from './tokenwise';

/** What the rows of a negotiation are made of. */
export interface RowSource {
  /** Counted from 1. */
  readonly iteration: number;
  /** Place in the iteration. */
  readonly negotiation: number;
  readonly group: number;
  readonly game: GameId | undefined;
  readonly payoffs: Payoffs;
  readonly tree: RolloutTree;
  readonly rounds: readonly Round[];
  readonly turns: readonly ProducedTurn[];
  readonly players: Pair<string>;
  /** Whether a seat's tokens were trained on. */
  readonly trained: Pair<boolean>;
  readonly logs: Pair<TokenwiseLog | null>;
  /** Null for a branch, which has no part in the credits. */
  readonly credits: NegotiationCredits | null;
  /** Texts of tokens, where a tokenizer is at hand; together they must spell the turn. */
  readonly tokenTexts?: ((ids: readonly number[]) => readonly string[]) | undefined;
}

/** The turns of a negotiation as rows of a rollout file, and its rounds as `domain/games` tells them. */
export function negotiationRows(source: RowSource): { rows: TurnRow[]; outcomes: RoundOutcome[] } {
  const records = recordsOf(source);
  const lines: [number, number] = [0, 0];
  const cells = records.map((record, round) => ({
    deal: JSON.stringify(record.deal),
    bestJointReward: record.bestJointReward,
    seats: pair((seat) => ({
      credit: creditCells(source.credits, seat, round),
      reward: source.rounds[round]!.rewards[seat],
      action: actionText(record.actions[seat] ?? defaultAction(source.game, record)),
      isValid: record.actions[seat] !== null,
      share: listText(record.shares[seat]),
    })),
  }));
  const agents = pair((seat) => source.tree.agents[seat].replace(/^buffer_/, '').toLowerCase());
  const rows = source.turns.map((turn, index) => {
    const { seat, round } = turn;
    const logged = loggedColumns(source.logs[seat], turn, lines);
    const { deal, bestJointReward, seats } = cells[round]!;
    const cell = seats[seat];
    const { credit } = cell;
    return {
      iteration: source.iteration,
      seed_group: source.group,
      negotiation: source.negotiation,
      round,
      turn: index,
      seat,
      agent: agents[seat],
      player: source.players[seat],
      trained: source.trained[seat] && turn.tokens.length > 0,
      kind: turn.acts ? 'action' : 'message',
      prompt: turn.prompt,
      text: turn.chat?.content ?? '',
      valid: !turn.acts || cell.isValid,
      action: turn.acts ? cell.action : null,
      deal,
      reward: cell.reward,
      share: cell.share,
      best_joint_reward: bestJointReward,
      return: credit.return,
      baseline: credit.baseline,
      opponent_advantage: credit.opponent,
      weight: credit.weight,
      prompt_token_ids: turn.promptTokens,
      token_ids: turn.tokens,
      token_texts: textsOf(turn, logged?.tokens, source.tokenTexts),
      log_probs: turn.logProbs,
      train_log_probs: logged?.logProbs ?? [],
      ratios: logged === undefined ? [] : logged.logProbs.map((logProb, i) => Math.exp(logProb - turn.logProbs[i]!)),
      reference_log_probs: [],
      entropies: [],
      valid_mass: [],
      forced: repeat(false, turn),
      own_advantage: repeat(credit.own, turn),
      alignment_term: repeat(credit.alignment, turn),
      // What the run trained with, where it says so.
      credit: logged === undefined ? repeat(credit.credit, turn) : logged.credits.map((known) => known ?? credit.credit),
    } satisfies TurnRow;
  });
  return { rows, outcomes: source.rounds.map((round, t) => outcomeOf(source, round, records[t]!, t)) };
}

function repeat<T>(value: T, { tokens }: ProducedTurn): T[] {
  return new Array<T>(tokens.length).fill(value);
}

/** The rows of a branch: those that it shares with the main path, with the outcome of rounds that it ended otherwise, and its own. */
export function branchRows(source: RowSource, branch: Branch): { readonly shared: TurnRow[]; readonly rows: TurnRow[] } {
  const rounds = roundsOf([...source.tree.steps.slice(0, branch.after), ...branch.steps]);
  const turns = producedTurns(rounds);
  const { rows } = negotiationRows({ ...source, rounds, turns, logs: [null, null], credits: null, trained: [false, false] });
  const own = new Set(branch.steps.flatMap((step) => step.turns.flat()));
  const first = rounds.findIndex(({ steps }) => branch.steps[0] !== undefined && steps.includes(branch.steps[0]));
  const isOwn = rows.map((row, i) => {
    const { chat } = turns[i]!;
    return chat === null ? row.round >= first : own.has(chat);
  });
  return { shared: rows.filter((_, i) => !isOwn[i]), rows: rows.filter((_, i) => isOwn[i]) };
}

function recordsOf({ game, payoffs, tree, rounds, turns }: RowSource): RoundRecord[] {
  const openers: (Seat | undefined)[] = rounds.map(() => undefined);
  for (const { acts, round, seat } of turns) {
    if (!acts) openers[round] ??= seat;
  }
  return rounds.map(({ info, rewards }, t) => roundRecord(game, info, tree.agents, rewards, openers[t], payoffs));
}

function outcomeOf({ game, turns }: RowSource, { rewards }: Round, record: RoundRecord, t: number): RoundOutcome {
  return {
    round: t,
    deal: record.deal,
    actions: pair((seat) => record.actions[seat] ?? defaultAction(game, record)),
    valid: pair((seat) => record.actions[seat] !== null),
    rewards,
    shares: record.shares,
    bestJointReward: record.bestJointReward,
    messages: turns.flatMap(({ acts, round, seat, chat }) => (acts || round !== t ? [] : [{ seat, text: chat?.content ?? '' }])),
  };
}

/** What counts where nothing was noted: defect, or keep nothing. */
function defaultAction(game: GameId | undefined, record: RoundRecord): Action {
  return game === 'ipd' ? { kind: 'choice', choice: 'B' } : { kind: 'keep', amounts: record.deal.quantities.map(() => 0) };
}

interface CreditCells {
  readonly return: number;
  readonly baseline: number;
  readonly own: number;
  readonly opponent: number;
  readonly weight: number;
  readonly alignment: number;
  readonly credit: number;
}

const NO_CREDIT: CreditCells = { return: 0, baseline: 0, own: 0, opponent: 0, weight: 0, alignment: 0, credit: 0 };

function creditCells(credits: NegotiationCredits | null, seat: Seat, t: number): CreditCells {
  if (credits === null) return NO_CREDIT;
  return {
    return: credits.returns[seat][t]!,
    baseline: credits.baselines[seat][t]!,
    own: credits.own[seat][t]!,
    opponent: credits.opponent[seat][t]!,
    weight: credits.weights[seat][t]!,
    alignment: credits.alignment[seat][t]!,
    credit: credits.credits[seat][t]!,
  };
}

/** What `JSON.stringify` makes of it, without the call: a run has a million. */
function actionText(action: Action): string {
  return action.kind === 'choice'
    ? `{"kind":"choice","choice":"${action.choice}"}`
    : `{"kind":"keep","amounts":${listText(action.amounts)}}`;
}

function listText(numbers: readonly number[]): string {
  return `[${numbers.join()}]`;
}

interface LoggedColumns {
  readonly tokens: string[];
  readonly credits: (number | undefined)[];
  readonly logProbs: number[];
}

/** A turn's lines of its log, if all of its tokens have one. Advances the seat's place in the log. */
function loggedColumns(log: TokenwiseLog | null, turn: ProducedTurn, lines: [number, number]): LoggedColumns | undefined {
  if (log === null || turn.tokens.length === 0) return undefined;
  const from = lines[turn.seat];
  const first = turn.position - 1;
  let to = from;
  while (to < log.timesteps.length && log.timesteps[to]! < first + turn.tokens.length) to += 1;
  lines[turn.seat] = to;
  if (to - from !== turn.tokens.length) return undefined;
  return {
    tokens: log.tokens.slice(from, to),
    credits: log.credits.slice(from, to).map((credit) => (Number.isNaN(credit) ? undefined : credit)),
    logProbs: log.logProbs.slice(from, to),
  };
}

/**
 * A text for every token. Rollout files hold none: they come from a tokenizer or from the token-wise log where those spell
 * what was said; else the first token has all of it, since nobody knows where the others begin.
 */
function textsOf({ tokens, chat }: ProducedTurn, logged: readonly string[] | undefined, decode: RowSource['tokenTexts']): string[] {
  const said = chat?.content ?? '';
  const decoded = decode?.(tokens);
  if (decoded?.length === tokens.length && decoded.join('').startsWith(said)) return [...decoded];
  return (logged && spelledTexts(logged, said)) ?? tokens.map((_, i) => (i === 0 ? said : ''));
}
