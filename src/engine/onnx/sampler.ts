import type { Lane, Policy, Sample, SampleRequest, SamplingSettings, TokenMask, TokenState } from '../engine';
import { MASKED } from './graphs/causalAttention';
import { attentionKind, cacheNames, stepGraph } from './graphs/stepGraph';
import { KeyValueCache } from './keyValueCache';
import { MaskTable } from './maskTable';
import type { ModelConfig } from './model/config';
import { ropeCopies, ropeTable } from './model/ropeTables';
import type { OnnxPolicy, WeightFeeds } from './policies';
import { type Feeds, floats, int64View, type Sessions } from './sessions';

/** Most new tokens that one run reads, rows times columns: bounds the attention matrix of long prompts. */
const MOST_TOKENS_A_RUN = 16_384;

/** Most columns of one run. */
const MOST_COLUMNS = 256;

/** Transcripts that were opened together; their caches are contiguous rows. */
interface Block {
  readonly policy: OnnxPolicy;
  readonly cache: KeyValueCache;
  readonly lanes: OnnxLane[];
  open: number;
}

/** A transcript on the engine. */
class OnnxLane implements Lane {
  /** Tokens known but not yet run through the model: the last ones produced or read. */
  pending: number[] = [];
  closed = false;

  constructor(
    readonly block: Block,
    readonly row: number,
  ) {}

  get policy(): Policy {
    return this.block.policy;
  }

  get length(): number {
    return this.block.cache.lengths[this.row]! + this.pending.length;
  }
}

/** Rows that run together: a whole block as it lies, or rows gathered from anywhere. */
interface View {
  readonly cache: KeyValueCache;
  readonly lanes: readonly OnnxLane[];
  /** Whether `cache` is the block's own. */
  readonly direct: boolean;
}

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

/** Samples turns with cached keys and values; a turn costs its new tokens. */
export class Sampler {
  private rotations: { positions: number; feeds: Feeds } | null = null;

  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    private readonly weights: WeightFeeds,
    private readonly stopToken: number,
  ) {}

  open(policy: OnnxPolicy, count: number, capacity: number): Lane[] {
    if (policy.released) throw new Error(`policy ${policy.name} was released`);
    if (capacity > this.config.maxPositions)
      throw new Error(`a transcript of ${capacity} tokens is longer than the model's ${this.config.maxPositions} positions`);
    const lanes: OnnxLane[] = [];
    const block: Block = { policy, cache: new KeyValueCache(this.config, count), lanes, open: count };
    for (let row = 0; row < count; row++) lanes.push(new OnnxLane(block, row));
    policy.lanes += count;
    return lanes;
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

  /** Forgets tokens beyond a length; what is cached of those before stays, since no token sees a later one. */
  rewind(lanes: readonly { readonly lane: Lane; readonly length: number }[]): void {
    for (const { lane: each, length } of lanes) {
      const lane = own(each);
      if (!(length >= 0 && length <= lane.length)) throw new RangeError(`cannot rewind a lane of ${lane.length} tokens to ${length}`);
      const { lengths } = lane.block.cache;
      const cached = lengths[lane.row]!;
      lane.pending.length = Math.max(0, length - cached);
      lengths[lane.row] = Math.min(cached, length);
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
    const byPolicy = new Map<OnnxPolicy, Map<OnnxLane, Turn>>();
    for (const turn of turns) {
      const lane = own(turn.request.lane);
      lane.pending.push(...turn.request.read);
      if (lane.pending.length === 0) throw new Error('a turn on an empty transcript has nothing to read; give it at least one token');
      const group = byPolicy.get(lane.block.policy) ?? new Map<OnnxLane, Turn>();
      if (group.has(lane)) throw new Error('one lane has two turns in one call');
      byPolicy.set(lane.block.policy, group.set(lane, turn));
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
    const { feeds, lora } = await this.weights.of(policy);
    const truncated = settings.topP < 1 || settings.topK > 0;
    const key = `step ${JSON.stringify([lora, truncated])}`;
    const session = await this.sessions.get(key, () => stepGraph(this.config, lora, truncated));
    const run = (inputs: Feeds): ReturnType<typeof session.run> =>
      session.run({ ...feeds, ...(truncated ? this.truncation(settings) : {}), ...inputs });
    let view = this.viewOf([...turns.keys()].filter((lane) => !turns.get(lane)!.done));
    while (view.lanes.length > 0) {
      await this.step(view, turns, settings, run);
      const active = view.lanes.filter((lane) => turns.get(lane)?.done === false);
      // Finished rows are carried along, reading nothing, until half are finished: moving rows costs more.
      if (active.length <= view.lanes.length / 2) view = this.viewOf(active);
    }
  }

  private truncation({ topP, topK }: SamplingSettings): Feeds {
    const { vocabularySize } = this.config;
    const most = topK === 0 ? vocabularySize : Math.min(topK, vocabularySize);
    return { topP: this.sessions.scalar(topP), lastPlace: this.sessions.int64(BigInt64Array.of(BigInt(most - 1)), [1]) };
  }

  private viewOf(lanes: readonly OnnxLane[]): View {
    const block = lanes[0]?.block;
    if (block && block.lanes.length === lanes.length && lanes.every((lane, i) => lane === block.lanes[i])) {
      return { cache: block.cache, lanes, direct: true };
    }
    const slots = lanes.reduce((most, lane) => Math.max(most, lane.block.cache.lengths[lane.row]!), 1);
    const cache = new KeyValueCache(this.config, lanes.length, Math.ceil(slots / 32) * 32);
    for (const [row, lane] of lanes.entries()) cache.copyRow(row, lane.block.cache, lane.row);
    return { cache, lanes, direct: false };
  }

  /** One run: every active row reads what is pending (the first columns of it, if it is much) and those that are through sample a token. */
  private async step(
    view: View,
    turns: ReadonlyMap<OnnxLane, Turn>,
    settings: SamplingSettings,
    run: (inputs: Feeds) => Promise<Feeds>,
  ): Promise<void> {
    const { lanes, cache } = view;
    const rows = lanes.length;
    const waiting = lanes.map((lane) => (turns.get(lane)?.done === false ? lane.pending.length : 0));
    const most = Math.max(1, Math.min(MOST_COLUMNS, Math.floor(MOST_TOKENS_A_RUN / rows)));
    const columns = Math.min(most, Math.max(1, ...waiting));
    const counts = waiting.map((n) => Math.min(n, columns));
    const samples = lanes.map((_, row) => counts[row]! > 0 && counts[row] === waiting[row]);
    const inputs = this.stepInputs(view, counts, columns);
    const table = new MaskTable(this.config.vocabularySize);
    const uniform = new Float32Array(rows).fill(0.5);
    const [maskRow, validRow] = [new BigInt64Array(rows), new BigInt64Array(rows)];
    for (const [row, lane] of lanes.entries()) {
      const turn = turns.get(lane);
      if (!turn || !samples[row]) continue;
      uniform[row] = turn.request.uniform(turn.tokens.length);
      maskRow[row] = BigInt(table.rowOf(turn.state?.mask ?? null));
      validRow[row] = BigInt(table.rowOf(turn.state?.mask ?? turn.valid?.mask ?? null));
    }
    const { sessions } = this;
    const outputs = await run({
      ...inputs,
      uniform: sessions.float(uniform, [rows, 1]),
      maskTable: sessions.float(table.data(), [table.rows, this.config.vocabularySize]),
      maskRow: sessions.int64(maskRow, [rows, 1]),
      validRow: sessions.int64(validRow, [rows, 1]),
      inverseTemperature: sessions.scalar(1 / settings.temperature),
    });
    this.store(view, outputs, counts, columns);
    const [logProb, validMass, entropy] = [floats(outputs, 'logProb'), floats(outputs, 'validMass'), floats(outputs, 'entropy')];
    const tokens = int64View(outputs.token!.data as BigInt64Array);
    for (const [row, lane] of lanes.entries()) {
      const turn = turns.get(lane);
      if (turn && samples[row]) this.take(turn, lane, tokens[2 * row]!, logProb[row]!, validMass[row]!, entropy[row]!);
    }
    if (view.direct) return;
    for (const [row, lane] of lanes.entries()) {
      if (cache.lengths[row] !== lane.block.cache.lengths[lane.row]) throw new Error('a gathered cache and its block disagree');
    }
  }

  private stepInputs(view: View, counts: readonly number[], columns: number): Feeds {
    const { cache, lanes } = view;
    const { sessions, config } = this;
    const rows = lanes.length;
    const [ids, positions] = [new BigInt64Array(rows * columns), new BigInt64Array(rows * columns)];
    const [last, lastPosition] = [new BigInt64Array(rows), new BigInt64Array(rows)];
    const [ids32, positions32] = [int64View(ids), int64View(positions)];
    const [last32, lastPosition32] = [int64View(last), int64View(lastPosition)];
    let longest = 0;
    for (let row = 0; row < rows; row++) {
      const { pending } = lanes[row]!;
      const length = cache.lengths[row]!;
      const count = counts[row]!;
      for (let i = 0; i < columns; i++) {
        const at = 2 * (row * columns + i);
        // Columns beyond a row's own hold token 0; they are neither seen by real ones nor stored.
        ids32[at] = i < count ? pending[i]! : 0;
        positions32[at] = length + Math.min(i, Math.max(0, count - 1));
      }
      last32[2 * row] = row * columns + Math.max(0, count - 1);
      lastPosition32[2 * row] = length + Math.max(0, count - 1);
      longest = Math.max(longest, length + count);
    }
    if (longest > config.maxPositions)
      throw new Error(`a transcript grew to ${longest} tokens, beyond the model's ${config.maxPositions} positions`);
    cache.reserve(longest);
    const feeds: Feeds = {
      ids: sessions.int64(ids, [rows, columns, 1]),
      positions: sessions.int64(positions, [rows, columns, 1]),
      last: sessions.int64(last, [rows, 1, 1]),
      lastPosition: sessions.int64(lastPosition, [rows, 1, 1]),
      ...this.rotationFeeds(longest + 1),
    };
    const before = config.windows.slice(0, -1);
    const window = before.find((each) => each !== null) ?? null;
    const all = Array.from({ length: columns }, (_, column) => column);
    if (before.includes(null)) feeds['full.seen'] = this.seen(cache, columns, null, () => all);
    if (window !== null) feeds['sliding.seen'] = this.seen(cache, columns, window, () => all);
    feeds.lastSeen = this.seen(cache, columns, config.windows.at(-1) ?? null, (row) => [Math.max(0, counts[row]! - 1)]);
    feeds.slots = sessions.int64(BigInt64Array.of(BigInt(cache.capacity)), [1]);
    const shape = [rows, config.keyValueHeads, cache.capacity, config.headSize];
    for (let layer = 0; layer < config.layers; layer++) {
      const names = cacheNames(layer);
      feeds[names.pastKey] = sessions.float(cache.keys[layer]!, shape);
      feeds[names.pastValue] = sessions.float(cache.values[layer]!, shape);
    }
    return feeds;
  }

  /** `[rows or 1, 1, repeat · asking columns, capacity + columns]`: 0 where a new token sees a slot or an earlier new token. */
  private seen(cache: KeyValueCache, columns: number, window: number | null, asking: (row: number) => readonly number[]): Feeds[string] {
    const { capacity, lengths } = cache;
    const repeat = this.config.heads / this.config.keyValueHeads;
    const width = capacity + columns;
    const each = repeat * asking(0).length;
    const equal = lengths.every((length, row) => length === lengths[0] && asking(row).at(-1) === asking(0).at(-1));
    const rows = equal ? 1 : cache.rows;
    const mask = new Float32Array(rows * each * width).fill(MASKED);
    for (let row = 0; row < rows; row++) {
      const length = lengths[row]!;
      let start = row * each * width;
      for (let r = 0; r < repeat; r++) {
        for (const column of asking(row)) {
          const oldest = window === null ? 0 : Math.max(0, length + column - window + 1);
          mask.fill(0, start + Math.min(oldest, length), start + length);
          mask.fill(0, start + capacity + Math.max(0, oldest - length), start + capacity + column + 1);
          start += width;
        }
      }
    }
    return this.sessions.float(mask, [rows, 1, each, width]);
  }

  private rotationFeeds(positions: number): Feeds {
    if (this.rotations && this.rotations.positions >= positions) return this.rotations.feeds;
    const { config, sessions } = this;
    const rows = Math.min(config.maxPositions, Math.max(256, 2 * positions));
    const feeds: Feeds = {};
    for (const kind of ['full', 'sliding'] as const) {
      if (!config.windows.some((_, layer) => attentionKind(config, layer) === kind)) continue;
      for (const [side, heads, factor] of [
        ['query', config.heads, config.attentionScale],
        ['key', config.keyValueHeads, 1],
      ] as const) {
        const copies = ropeCopies(heads, config.headSize);
        const { cos, sin } = ropeTable(config.rope[kind], rows, config.headSize, factor, copies);
        feeds[`${kind}.${side}.cos`] = sessions.float(cos, [rows, copies * config.headSize]);
        feeds[`${kind}.${side}.sin`] = sessions.float(sin, [rows, copies * config.headSize]);
      }
    }
    this.rotations = { positions: rows, feeds };
    return feeds;
  }

  private store(view: View, outputs: Feeds, counts: readonly number[], columns: number): void {
    const { lanes, cache, direct } = view;
    for (const [row, lane] of lanes.entries()) if (!direct) lane.block.cache.reserve(lane.block.cache.lengths[lane.row]! + counts[row]!);
    for (let layer = 0; layer < this.config.layers; layer++) {
      const names = cacheNames(layer);
      const [keys, values] = [floats(outputs, names.newKey), floats(outputs, names.newValue)];
      for (const [row, lane] of lanes.entries()) {
        const count = counts[row]!;
        if (count === 0) continue;
        cache.append(layer, row, keys, values, row, columns, count);
        if (!direct) lane.block.cache.append(layer, lane.row, keys, values, row, columns, count);
      }
    }
    for (const [row, lane] of lanes.entries()) {
      const count = counts[row]!;
      if (count === 0) continue;
      cache.advance(row, count);
      if (!direct) lane.block.cache.advance(lane.row, count);
      lane.pending.splice(0, count);
    }
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
