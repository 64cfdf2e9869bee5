import type { Lane, Sample, SampleRequest, SamplingSettings, TokenMask, TokenState } from '../engine';
import { decodeGraph, decodes } from './graphs/decodeGraph';
import { stepGraph } from './graphs/stepGraph';
import { KeyValueCache } from './keyValueCache';
import { Block, OnnxLane } from './lanes';
import { MaskTable } from './maskTable';
import type { ModelConfig } from './model/config';
import type { OnnxPolicy, WeightFeeds } from './policies';
import { type Feeds, floats, int64View, type Sessions } from './sessions';
import { StepInputs } from './stepInputs';
import { StepView } from './stepView';

/** Most new tokens that one run reads, rows times columns: bounds the attention matrix of long prompts. */
const MOST_TOKENS_A_RUN = 16_384;

/** Most columns of one run. */
const MOST_COLUMNS = 256;

/**
 * Models narrower than this decode by `stepGraph` where there are several threads: they meet at each of onnxruntime's own operators, which
 * takes longer than the operator. At width 64 and two threads an iteration of Trust-and-Split took a fifth longer; on one there was no difference.
 */
const NARROW = 128;

/** A turn under way. */
interface Turn {
  readonly request: SampleRequest;
  state: TokenState | null;
  valid: TokenState | null;
  readonly tokens: number[];
  readonly logProbs: number[];
  readonly validMass: number[];
  readonly entropy: number[];
  readonly masks: (TokenMask | null)[];
  done: boolean;
}

/** How a step is run on inputs. */
interface Runs {
  /** One that reads any number of columns. */
  readonly read: (inputs: Feeds) => Promise<Feeds>;
  /** One of a single column, where there is a graph for that; `free` without masks, and without valid mass. */
  readonly decode: ((inputs: Feeds, free: boolean) => Promise<Feeds>) | null;
}

/** Rows are moved together only where turns may go on for so many tokens. */
const WORTH_MOVING = 8;

/** Samples turns with cached keys and values; a turn costs its new tokens, and what several transcripts have in common from their start costs once. */
export class Sampler {
  private readonly inputs: StepInputs;

  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    private readonly weights: WeightFeeds,
    private readonly stopToken: number,
  ) {
    this.inputs = new StepInputs(sessions, config);
  }

  open(policy: OnnxPolicy, count: number, capacity: number): Lane[] {
    if (policy.released) throw new Error(`policy ${policy.name} was released`);
    if (capacity > this.config.maxPositions)
      throw new Error(`a transcript of ${capacity} tokens is longer than the model's ${this.config.maxPositions} positions`);
    policy.lanes += count;
    return [...new Block(policy, new KeyValueCache(this.config, count), count).lanes];
  }

  close(lanes: readonly Lane[]): void {
    for (const each of lanes) {
      const lane = own(each);
      if (lane.closed) continue;
      lane.closed = true;
      lane.block.open--;
      lane.block.policy.lanes--;
      if (lane.block.open === 0) {
        lane.block.cache.keys = [];
        lane.block.cache.values = [];
      }
    }
  }

  /** Appends tokens without sampling; they are run with the next turn's. */
  read(lanes: readonly { readonly lane: Lane; readonly tokens: readonly number[] }[]): void {
    for (const { lane, tokens } of lanes) own(lane).pending.push(...tokens);
  }

  /** Forgets tokens beyond a length. */
  rewind(lanes: readonly { readonly lane: Lane; readonly length: number }[]): void {
    for (const { lane: each, length } of lanes) {
      const lane = own(each);
      if (!(length >= 0 && length <= lane.length)) throw new RangeError(`cannot rewind a lane of ${lane.length} tokens to ${length}`);
      lane.block.rewind(lane, length);
    }
  }

  async sample(requests: readonly SampleRequest[], settings: SamplingSettings): Promise<Sample[]> {
    checkSettings(settings);
    const turns = requests.map(
      (request): Turn => ({
        request,
        state: request.constraint?.start ?? null,
        valid: request.constraint ? null : (request.validAgainst?.start ?? null),
        tokens: [],
        logProbs: [],
        validMass: [],
        entropy: [],
        masks: [],
        done: request.maxTokens <= 0,
      }),
    );
    const byBlock = new Map<Block, Map<OnnxLane, Turn>>();
    for (const turn of turns) {
      const lane = own(turn.request.lane);
      lane.pending.push(...turn.request.read);
      if (lane.pending.length === 0) throw new Error('a turn on an empty transcript has nothing to read; give it at least one token');
      const group = byBlock.get(lane.block) ?? new Map<OnnxLane, Turn>();
      if (group.has(lane)) throw new Error('one lane has two turns in one call');
      byBlock.set(lane.block, group.set(lane, turn));
    }
    // A whole block runs where it lies; what speaks of blocks in parts is gathered, by policy.
    const byPolicy = new Map<OnnxPolicy, Map<OnnxLane, Turn>>();
    for (const [{ policy, lanes }, group] of byBlock) {
      if (group.size === lanes.length) await this.sampleGroup(policy, group, settings);
      else byPolicy.set(policy, new Map([...(byPolicy.get(policy) ?? []), ...group]));
    }
    for (const [policy, group] of byPolicy) await this.sampleGroup(policy, group, settings);
    return turns.map((turn) => ({
      tokens: Int32Array.from(turn.tokens),
      logProbs: Float32Array.from(turn.logProbs),
      validMass: Float32Array.from(turn.validMass),
      entropy: Float32Array.from(turn.entropy),
      masks: turn.masks,
    }));
  }

  private async sampleGroup(policy: OnnxPolicy, turns: ReadonlyMap<OnnxLane, Turn>, settings: SamplingSettings): Promise<void> {
    const runs = await this.runs(policy, settings);
    const waiting = (lanes: Iterable<OnnxLane>): OnnxLane[] => [...lanes].filter((lane) => !turns.get(lane)!.done);
    let active = waiting(turns.keys());
    let view = active.length > 0 ? StepView.of(this.config, active) : null;
    while (view) {
      await this.step(view, turns, settings, runs);
      for (const row of view.rows) row.lanes = waiting(row.lanes);
      active = waiting(active);
      if (active.length === 0) break;
      // Rows that are through are carried along, reading nothing, until half are: moving rows costs as much as several tokens.
      const left = Math.max(...active.map((lane) => turns.get(lane)!.request.maxTokens - turns.get(lane)!.tokens.length));
      const speaking = view.rows.filter(({ lanes }) => lanes.length > 0).length;
      if (speaking <= view.rows.length / 2 && left >= WORTH_MOVING) view = StepView.of(this.config, active);
    }
  }

  /** How steps of several columns, and of one, are run. */
  private async runs(policy: OnnxPolicy, settings: SamplingSettings): Promise<Runs> {
    const { sessions, config, weights } = this;
    const truncated = settings.topP < 1 || settings.topK > 0;
    const extra = truncated ? this.truncation(settings) : {};
    const read = async (inputs: Feeds): Promise<Feeds> => {
      const { feeds, lora, turned } = await weights.toSample(policy);
      const key = `step ${JSON.stringify([lora, truncated, turned])}`;
      const session = await sessions.get(key, () => stepGraph(config, lora, truncated, turned));
      return session.run({ ...feeds, ...extra, ...inputs });
    };
    const { device, threads } = sessions.settings;
    if (device !== 'cpu' || !decodes(config) || (threads > 1 && config.hiddenSize < NARROW)) return { read, decode: null };
    const { feeds, lora, held } = await weights.toDecode(policy);
    const decode = async (inputs: Feeds, free: boolean): Promise<Feeds> => {
      const key = `decode ${JSON.stringify([lora, truncated, held !== null, free])}`;
      const session = await sessions.get(key, () => decodeGraph(config, lora, truncated, held, free));
      return session.run({ ...feeds, ...extra, ...inputs });
    };
    return { read, decode };
  }

  private truncation({ topP, topK }: SamplingSettings): Feeds {
    const { vocabularySize } = this.config;
    const most = topK === 0 ? vocabularySize : Math.min(topK, vocabularySize);
    return { topP: this.sessions.scalar(topP), lastPlace: this.sessions.int64(BigInt64Array.of(BigInt(most - 1)), [1]) };
  }

  /** One run: every row reads what is pending (the first columns of it, if it is much), and the lanes of those that are through sample a token. */
  private async step(
    view: StepView,
    turns: ReadonlyMap<OnnxLane, Turn>,
    settings: SamplingSettings,
    { read, decode }: Runs,
  ): Promise<void> {
    view.part();
    const waiting = view.rows.map(({ lanes }) => lanes[0]?.pending.length ?? 0);
    const most = Math.max(1, Math.min(MOST_COLUMNS, Math.floor(MOST_TOKENS_A_RUN / waiting.length)));
    const columns = Math.min(most, Math.max(1, ...waiting));
    const counts = waiting.map((n) => Math.min(n, columns));
    const speakers = view.rows.flatMap(({ lanes }, row) => (counts[row] === waiting[row] ? lanes.map((lane) => ({ lane, row })) : []));
    const { draws, free } = this.draws(
      speakers.map(({ lane, row }) => ({ turn: turns.get(lane)!, row })),
      settings,
    );
    const outputs =
      decode && columns === 1
        ? await decode({ ...this.inputs.ofOne(view, counts), ...draws }, free)
        : await read({ ...this.inputs.of(view, counts, columns), ...draws });
    view.store(outputs, counts, columns);
    const [logProb, entropy] = [floats(outputs, 'logProb'), floats(outputs, 'entropy')];
    const validMass = outputs.validMass ? floats(outputs, 'validMass') : null;
    const tokens = int64View(outputs.token!.data as BigInt64Array);
    for (const [i, { lane }] of speakers.entries())
      this.take(turns.get(lane)!, lane, tokens[2 * i]!, logProb[i]!, validMass?.[i] ?? 1, entropy[i]!);
  }

  /** What the sampled tokens depend on besides the logits, and whether no mask does; one token is drawn, for nobody, where nobody is through reading. */
  private draws(
    speakers: readonly { readonly turn: Turn; readonly row: number }[],
    settings: SamplingSettings,
  ): { readonly draws: Feeds; readonly free: boolean } {
    const { sessions, config } = this;
    const count = Math.max(1, speakers.length);
    const table = new MaskTable(config.vocabularySize);
    const uniform = new Float32Array(count).fill(0.5);
    const [row, maskRow, validRow] = [new BigInt64Array(count), new BigInt64Array(count), new BigInt64Array(count)];
    for (const [i, { turn, row: from }] of speakers.entries()) {
      uniform[i] = turn.request.uniform(turn.tokens.length);
      row[i] = BigInt(from);
      maskRow[i] = BigInt(table.rowOf(turn.state?.mask ?? null));
      validRow[i] = BigInt(table.rowOf(turn.state?.mask ?? turn.valid?.mask ?? null));
    }
    const draws = {
      speaker: sessions.int64(row, [count, 1]),
      uniform: sessions.float(uniform, [count, 1]),
      maskTable: sessions.float(table.data(), [table.rows, config.vocabularySize]),
      maskRow: sessions.int64(maskRow, [count, 1]),
      validRow: sessions.int64(validRow, [count, 1]),
      inverseTemperature: sessions.scalar(1 / settings.temperature),
    };
    return { draws, free: table.rows === 1 };
  }

  private take(turn: Turn, lane: OnnxLane, token: number, logProb: number, validMass: number, entropy: number): void {
    const mask = turn.state?.mask ?? null;
    turn.tokens.push(token);
    turn.logProbs.push(logProb);
    turn.validMass.push(mask || turn.valid ? validMass : 1);
    turn.entropy.push(entropy);
    turn.masks.push(mask);
    lane.pending.push(token);
    if (turn.state) turn.state = turn.state.after(token);
    if (turn.valid) turn.valid = turn.valid.mask.allowed.includes(token) ? turn.valid.after(token) : null;
    const closed = turn.request.constraint ? turn.state === null : token === this.stopToken;
    turn.done = closed || turn.tokens.length >= turn.request.maxTokens;
  }
}

function own(lane: Lane): OnnxLane {
  if (!(lane instanceof OnnxLane)) throw new Error('a lane of another engine');
  if (lane.closed) throw new Error('a closed lane cannot be used');
  return lane;
}

function checkSettings({ temperature, topP, topK }: SamplingSettings): void {
  if (!(temperature > 0)) throw new RangeError(`temperature must be above 0, not ${temperature}`);
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP must be above 0 and at most 1, not ${topP}`);
  if (!Number.isSafeInteger(topK) || topK < 0) throw new RangeError(`topK must be a whole number, 0 to keep all tokens, not ${topK}`);
}
