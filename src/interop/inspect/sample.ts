import { push } from '../../domain/advantage/push';
import { AGENT_NAMES, pair, SEATS, type Seat } from '../../domain/seat';
import { actionCell, dealCell, type TurnRow } from '../../protocol/rollouts';
import type { EvalAnswer, EvalEvent, EvalLogprob, EvalMessage, EvalOutput, EvalSample, EvalUsage } from './format';
import { scoresOf } from './scores';

/** Where a sample comes from. */
export interface SampleOrigin {
  /** Id of the run. */
  readonly run: string;
  readonly game: string;
  /** ISO 8601: when the iteration was committed, the only time that a run records. */
  readonly time: string;
  /** What a player is called as a model. */
  model(player: string): string;
}

/** What has no log-probability in JSON is as unlikely as others write it. */
const LEAST_LOGPROB = -9999;

/**
 * A negotiation as a sample: each turn is a span of the agent whose turn it is, with a model event in it.
 * @param turns of one negotiation, in order; at least one.
 * @throws SyntaxError | ZodError when a cell is not what the format says
 */
export function evalSample(turns: readonly TurnRow[], origin: SampleOrigin): EvalSample {
  const first = turns[0];
  if (first === undefined) throw new RangeError('a negotiation without turns is no sample');
  const key = `${origin.run}/${first.iteration}/${first.negotiation}`;
  const at = { timestamp: origin.time, working_start: 0 };
  const messages: EvalMessage[] = [];
  /** What each seat has read and said so far. */
  const heard = pair((): EvalMessage[] => []);
  const events: EvalEvent[] = [];
  const usage = new Map<string, EvalUsage>();
  let output: EvalOutput | undefined;
  for (const row of turns) {
    const seat: Seat = row.seat === 0 ? 0 : 1;
    const span = `turn-${row.turn}`;
    const where = { agent: row.agent, round: row.round, turn: row.turn, kind: row.kind };
    if (row.prompt !== '') {
      const asked = {
        ...({ id: `${key}/${row.turn}/prompt`, role: 'user', source: 'input' } as const),
        ...{ content: row.prompt, metadata: { agent: row.agent, round: row.round } },
      };
      heard[seat].push(asked);
      messages.push(asked);
    }
    const model = origin.model(row.player);
    const metadata = { ...where, player: row.player, trained: row.trained, valid: row.valid, ...actionOf(row), ...creditsOf(row) };
    const message: EvalAnswer = {
      ...({ id: `${key}/${row.turn}`, role: 'assistant', source: 'generate' } as const),
      ...{ content: row.text, model, metadata: { ...where, credit: row.credit[0] ?? null } },
    };
    output = outputOf(row, model, message);
    if (output.usage !== undefined) usage.set(model, sum(usage.get(model), output.usage));
    events.push(
      {
        ...({ event: 'span_begin', type: 'agent' } as const),
        ...{ id: span, span_id: span, name: row.agent, metadata: where, ...at, uuid: `${key}/${span}/begin` },
      },
      {
        ...({ event: 'model', tools: [], tool_choice: 'none', config: {} } as const),
        ...{ span_id: span, model, input: [...heard[seat]], output, metadata, ...at, uuid: `${key}/${span}/model` },
      },
      { event: 'span_end', id: span, span_id: span, ...at, uuid: `${key}/${span}/end` },
    );
    heard[seat].push(message);
    messages.push(message);
  }
  const scores = scoresOf(turns, origin.game);
  const all = 'scorers';
  events.push({ event: 'span_begin', id: all, span_id: all, name: all, type: all, ...at, uuid: `${key}/${all}/begin` });
  for (const [name, score] of Object.entries(scores)) {
    const span = `score-${name}`;
    events.push(
      { event: 'span_begin', id: span, span_id: span, parent_id: all, name, type: 'scorer', ...at, uuid: `${key}/${span}/begin` },
      { event: 'score', span_id: span, score, intermediate: false, ...at, uuid: `${key}/${span}` },
      { event: 'span_end', id: span, span_id: span, ...at, uuid: `${key}/${span}/end` },
    );
  }
  events.push({ event: 'span_end', id: all, span_id: all, ...at, uuid: `${key}/${all}/end` });
  return {
    id: first.negotiation,
    epoch: 1,
    uuid: key,
    input: first.prompt,
    target: '',
    messages,
    output: output!,
    scores,
    metadata: {
      ...{ run: origin.run, iteration: first.iteration, negotiation: first.negotiation, seed_group: first.seed_group },
      players: Object.fromEntries(SEATS.map((seat) => [AGENT_NAMES[seat].toLowerCase(), playerOf(turns, seat)])),
      rounds: roundsOf(turns),
    },
    store: {},
    events,
    model_usage: Object.fromEntries(usage),
    completed_at: origin.time,
    attachments: {},
  };
}

function outputOf(row: TurnRow, model: string, message: EvalAnswer): EvalOutput {
  const content = row.token_texts.map((token, i): EvalLogprob => {
    const logprob = row.log_probs[i];
    // A token that is half a character has no bytes of its own on record.
    const bytes = token.includes('\uFFFD') ? {} : { bytes: [...new TextEncoder().encode(token)] };
    return { token, logprob: logprob !== undefined && Number.isFinite(logprob) ? logprob : LEAST_LOGPROB, ...bytes };
  });
  const hasTokens = content.length > 0 && row.log_probs.length === content.length;
  const read = row.prompt_token_ids.length;
  return {
    model,
    choices: [{ message, stop_reason: 'unknown', ...(hasTokens && { logprobs: { content } }) }],
    completion: row.text,
    ...(hasTokens && { usage: { input_tokens: read, output_tokens: content.length, total_tokens: read + content.length } }),
  };
}

/** The action that a turn came to; none for a message. */
function actionOf(row: TurnRow): { readonly action?: unknown } {
  return row.action === null ? {} : { action: actionCell.parse(JSON.parse(row.action)) };
}

/** A turn's credit and what it is made of, one number a turn; and token by token what the log has no field for. */
function creditsOf(row: TurnRow): Readonly<Record<string, unknown>> {
  const credit = row.credit[0];
  const pushes = row.trained
    ? row.credit.map((each, i) => push(each, row.train_log_probs[i] ?? row.log_probs[i] ?? 0, row.ratios[i] ?? 1))
    : [];
  return {
    ...(credit === undefined ? {} : { credit, own_advantage: row.own_advantage[0], alignment_term: row.alignment_term[0] }),
    ...{ return: row.return, baseline: row.baseline, opponent_advantage: row.opponent_advantage, weight: row.weight },
    tokens: {
      ...{ ids: row.token_ids, push: pushes, train_log_probs: row.train_log_probs, ratios: row.ratios },
      ...{ reference_log_probs: row.reference_log_probs, entropies: row.entropies, valid_mass: row.valid_mass, forced: row.forced },
    },
  };
}

function playerOf(turns: readonly TurnRow[], seat: Seat): string {
  return turns.find((row) => (row.seat === 0 ? 0 : 1) === seat)?.player ?? '';
}

/** What each round came to, and both seats' credits in it. */
function roundsOf(turns: readonly TurnRow[]): readonly Readonly<Record<string, unknown>>[] {
  return turns
    .filter(({ kind, seat }) => kind === 'action' && seat === 0)
    .flatMap((mine) => {
      const theirs = turns.find(({ kind, seat, round }) => kind === 'action' && seat !== 0 && round === mine.round);
      if (theirs === undefined) return [];
      const both = [mine, theirs];
      return {
        round: mine.round,
        deal: dealCell.parse(JSON.parse(mine.deal)),
        actions: both.map((row) => actionOf(row).action ?? null),
        rewards: both.map(({ reward }) => reward),
        best_joint_reward: mine.best_joint_reward,
        credits: both.map(({ credit }) => credit[0] ?? null),
        own_advantages: both.map(({ own_advantage, return: total, baseline }) => own_advantage[0] ?? total - baseline),
        alignment_terms: both.map(({ alignment_term }) => alignment_term[0] ?? null),
      };
    });
}

function sum(a: EvalUsage | undefined, b: EvalUsage): EvalUsage {
  return {
    input_tokens: (a?.input_tokens ?? 0) + b.input_tokens,
    output_tokens: (a?.output_tokens ?? 0) + b.output_tokens,
    total_tokens: (a?.total_tokens ?? 0) + b.total_tokens,
  };
}
