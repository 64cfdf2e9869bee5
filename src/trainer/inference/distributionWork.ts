import type { TokenMask, TokenState } from '../../engine/engine';
import type { BranchRequests, Distributions, PolicyDistribution } from '../../protocol/branches';
import type { TurnRow } from '../../protocol/rollouts';
import { policyFolder } from '../environment';
import { findPolicy } from '../players/policySource';
import { isBaseModel, refuseUncopied } from '../players/servedPolicy';
import { constraintBinder } from '../tokenConstraints';
import { type History, readHistory, requestAt } from './history';
import { tokenOrigin } from './tokenOrigin';
import type { Work } from './work';

/**
 * What some policies of one base model would say at a token of a negotiation, after the very tokens that the seat had read and said.
 * @throws Error in one line where no policy said it, or a policy is of another base model
 */
export async function distributionWork(params: BranchRequests['distributions'][0], work: Work): Promise<Distributions> {
  const { folder, turn, token, policies, top, branch } = params;
  const history = await readHistory(folder, params, branch);
  const { run, rows } = history;
  const row = rows.find((each) => each.turn === turn);
  const said = row?.token_ids[token];
  if (row === undefined || said === undefined) {
    const why =
      row?.token_ids.length === 0 ? `${row.player} is no policy of this machine, so there are none on record` : 'there is no such token';
    throw new Error(`turn ${turn} has no token ${token + 1}: ${why}`);
  }
  const { config } = run;
  const model = policyFolder(work.media, config);
  const engine = await work.openEngine(model);
  try {
    if (!(await isBaseModel(run, engine.info, model)))
      throw new Error(`${config.policy} is no longer the base model of ${run.name}: put the old one back`);
    if (!engine.distributions) throw new Error(`an engine on ${engine.info.device} tells no whole distributions`);
    const request = requestAt(history, turn);
    if (request.observation !== row.prompt || !(await allTokensOurs(history, row, work.media)))
      throw new Error(
        `${row.player} said this, who reads the game in other words or tokens than ${run.name}: their tokens cannot be compared`,
      );
    const bind = constraintBinder(engine.tokenizer);
    const mask = maskAt(bind(request.constraint).tokens.start, row.token_ids.slice(0, token));
    const tokens = readBefore(rows, row, token);
    const found = [];
    for (const [done, { folder: of, iteration }] of policies.entries()) {
      work.signal.throwIfAborted();
      work.progress(done, policies.length, `${done} of ${policies.length} policies asked`);
      const source = await findPolicy(`${of}@${iteration}`, folder);
      if (source?.run == null || source.checkpoint === null) throw new Error(`${of} has no checkpoint of iteration ${iteration}`);
      const base = policyFolder(work.media, source.run.config);
      if (base !== model) throw new Error(`${source.name} has another base model than ${run.name}: their tokens differ`);
      await refuseUncopied(source.name, source);
      const policy = await engine.loadPolicy(source.checkpoint, source.name);
      try {
        const [distribution] = await engine.distributions(policy, [{ tokens, mask }], config.temperature);
        found.push({ name: source.name, free: distribution!.logProbs.map(Math.exp), masked: distribution!.masked?.map(Math.exp) ?? null });
      } finally {
        engine.release(policy);
      }
    }
    const listed = listTokens(found, said, top);
    const texts = listed.map((id) => engine.tokenizer.tokenTexts([id]).join(''));
    return {
      isMasked: config.decoding === 'masked',
      temperature: config.temperature,
      tokens: listed.map((id, i) => ({ id, text: texts[i]!, isSaid: id === said, isAllowed: mask?.allowed.includes(id) ?? true })),
      policies: found.map((each) => summary(each, listed, mask)),
    };
  } finally {
    await engine.dispose();
  }
}

/** Whether all that the seat had read and said by then, the turn included, is in the run's tokens. */
async function allTokensOurs(history: History, { turn, seat }: TurnRow, media: string): Promise<boolean> {
  const isOurs = await tokenOrigin(history, media);
  return history.rows.filter((row) => row.seat === seat && row.turn <= turn).every(isOurs);
}

/** A policy's probabilities of all tokens. */
interface Found {
  readonly name: string;
  readonly free: Float32Array;
  readonly masked: Float32Array | null;
}

/** All that the seat had read and said before a token. */
function readBefore(rows: readonly TurnRow[], { seat, turn, prompt_token_ids, token_ids }: TurnRow, token: number): number[] {
  const before = rows.filter((row) => row.seat === seat && row.turn < turn);
  return [...before.flatMap((row) => [...row.prompt_token_ids, ...row.token_ids]), ...prompt_token_ids, ...token_ids.slice(0, token)];
}

/** What is allowed after some tokens of a turn; null once they have left what is allowed. */
function maskAt(start: TokenState, tokens: readonly number[]): TokenMask | null {
  let state: TokenState | null = start;
  for (const token of tokens) {
    if (state === null || !state.mask.allowed.includes(token)) return null;
    state = state.after(token);
  }
  return state?.mask ?? null;
}

/** Each policy's likeliest tokens and the one that was said; likeliest first by the first policy. */
function listTokens(found: readonly Found[], said: number, top: number): number[] {
  const listed = new Set([said]);
  for (const { free, masked } of found) {
    for (const weights of masked === null ? [free] : [masked, free]) for (const id of likeliest(weights, top)) listed.add(id);
  }
  const [{ free, masked }] = found as [Found];
  const order = masked ?? free;
  return [...listed].sort((a, b) => order[b]! - order[a]! || free[b]! - free[a]! || a - b);
}

function likeliest(weights: Float32Array, top: number): number[] {
  return [...weights.keys()]
    .filter((id) => weights[id]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b)
    .slice(0, top);
}

function summary({ name, free, masked }: Found, listed: readonly number[], mask: TokenMask | null): PolicyDistribution {
  const of = (weights: Float32Array): number[] => listed.map((id) => weights[id]!);
  const rest = (weights: Float32Array): number => {
    const shown = new Set(listed);
    return weights.reduce((sum, p, id) => (shown.has(id) ? sum : sum + p), 0);
  };
  return {
    name,
    free: of(free),
    masked: masked && of(masked),
    rest: [rest(free), masked && rest(masked)],
    entropy: free.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0),
    validMass: mask === null ? 1 : mask.allowed.reduce((sum, id) => sum + free[id]!, 0),
  };
}
