import { AGENT_NAMES, other } from '../domain/seat';
import type { Tokenizer } from '../engine/engine';
import type { TurnRow } from '../protocol/rollouts';
import { playerName, type SeatPlayer } from './plan';
import type { TokenTurn } from './seats';
import type { TrainedIteration } from './statistics';

/** What a turn leaves in its row where the player has no tokens of its own. */
export const NO_TOKENS = {
  prompt_token_ids: [],
  token_ids: [],
  token_texts: [],
  log_probs: [],
  entropies: [],
  valid_mass: [],
  forced: [],
} satisfies Partial<TurnRow>;

/** The columns of a turn that nobody was trained by, credits among them. */
export const UNTRAINED = {
  trained: false,
  return: 0,
  baseline: 0,
  opponent_advantage: 0,
  weight: 0,
  train_log_probs: [],
  ratios: [],
  reference_log_probs: [],
  own_advantage: [],
  alignment_term: [],
  credit: [],
} satisfies Partial<TurnRow>;

/** Whose words are whose: a fixed opponent on another base model has tokens of its own. */
export interface Tokenizers {
  /** The learner's and its snapshots'. */
  readonly learner: Tokenizer;
  readonly opponent: Tokenizer;
}

/** The tokenizer that a player speaks by. */
export function tokenizerOf({ kind }: SeatPlayer, { learner, opponent }: Tokenizers): Tokenizer {
  return kind === 'opponent' ? opponent : learner;
}

/** An iteration's turns as rows of its rollout file: by negotiation, then by turn. */
export function rolloutRows(iteration: number, trained: TrainedIteration, tokenizers: Tokenizers): TurnRow[] {
  const { plan, played, credits, batch, result } = trained;
  const rows: TurnRow[] = [];
  for (const [n, { negotiation, turns, transcripts }] of played.negotiations.entries()) {
    const deals = negotiation.rounds.map((round) => JSON.stringify(round.deal));
    const spoken: [number, number] = [0, 0];
    const trainedTokens: [number, number] = [0, 0];
    for (const { turn, round, seat, kind, observation, text, valid } of turns) {
      const player = plan[n]!.players[seat];
      const tokens = transcripts[seat].turns[spoken[seat]++];
      const count = tokens?.tokens.length ?? 0;
      const outcome = negotiation.rounds[round]!;
      const sequence = batch.index[n]![seat];
      const scores = sequence === null ? null : result.tokens[sequence]!;
      const from = trainedTokens[seat];
      const to = from + count;
      trainedTokens[seat] = to;
      const at = (ledger: typeof credits.credits): number => ledger[seat][n]![round]!;
      rows.push({
        iteration,
        seed_group: plan[n]!.group,
        negotiation: n,
        round,
        turn,
        seat,
        agent: AGENT_NAMES[seat].toLowerCase(),
        player: playerName(player),
        trained: sequence !== null,
        kind,
        prompt: observation,
        text,
        valid,
        action: kind === 'action' ? JSON.stringify(outcome.actions[seat]) : null,
        deal: deals[round]!,
        reward: outcome.rewards[seat],
        share: JSON.stringify(outcome.shares[seat]),
        best_joint_reward: outcome.bestJointReward,
        return: at(credits.returns),
        baseline: at(credits.baselines),
        opponent_advantage: credits.advantages[other(seat)][n]![round]!,
        weight: at(credits.weights),
        ...(tokens ? tokenColumns(tokens, tokenizerOf(player, tokenizers)) : NO_TOKENS),
        train_log_probs: scores === null ? [] : [...scores.logProbs.subarray(from, to)],
        ratios: scores === null ? [] : [...scores.ratios.subarray(from, to)],
        reference_log_probs: scores === null ? [] : [...scores.referenceLogProbs.subarray(from, to)],
        own_advantage: repeat(at(credits.advantages), count),
        alignment_term: repeat(at(credits.alignment), count),
        credit: repeat(at(credits.credits), count),
      });
    }
  }
  return rows;
}

/** What a turn's tokens leave in its row, training aside. */
export function tokenColumns(turn: TokenTurn, tokenizer: Tokenizer) {
  const ids = [...turn.tokens];
  return {
    prompt_token_ids: [...turn.read],
    token_ids: ids,
    token_texts: tokenizer.tokenTexts(ids),
    log_probs: [...turn.logProbs],
    entropies: [...turn.entropy],
    // An engine that cannot tell says NaN all along: no numbers at all then, as wherever there are none.
    valid_mass: turn.validMass.every(Number.isNaN) ? [] : [...turn.validMass],
    forced: turn.masks.map((mask) => mask?.allowed.length === 1),
  };
}

function repeat(value: number, count: number): number[] {
  return new Array<number>(count).fill(value);
}
