import type { Transport } from '../../src/protocol/channel';
import type { Place } from '../../src/protocol/webview';
import type { Branching } from './branched';
import { sampleMatchups } from './sampleMatchups';
import { ScriptedHost } from './scriptedHost';
import type { Showing } from './scriptedTree';
import type { WorldRun } from './worldPlay';

/** What a page is opened with; a JSON object in `window.scenario`. */
export interface Scenario {
  readonly runs: 'none' | 'pair' | 'split' | 'broken' | 'few' | 'two' | 'seeds' | 'long' | 'huge' | 'starting' | 'opponent' | 'imported';
  readonly select?: Place;
  readonly expand?: readonly string[];
  readonly newestFirst?: boolean;
  readonly delay?: number;
  /** Makes the tree a list of so many rows. */
  readonly vast?: number;
  /** Negotiations have branches, and can be forked. */
  readonly branches?: Branching;
  readonly state?: unknown;
  /** Shows match-ups, this many of whose cells have not been played. */
  readonly matchups?: number;
}

const aa: WorldRun = { id: 'ipd-aa', game: 'ipd', algorithm: 'aa', seed: 0, iterations: 200, pairedWith: 'ipd-rl' };
const rl: WorldRun = { id: 'ipd-rl', game: 'ipd', algorithm: 'rl', seed: 0, iterations: 200, pairedWith: 'ipd-aa' };
const trust: WorldRun = { id: 'trust-aa', game: 'trust-and-split', algorithm: 'aa', seed: 3, iterations: 400, pairedWith: 'trust-rl' };
const trustRl: WorldRun = { id: 'trust-rl', game: 'trust-and-split', algorithm: 'rl', seed: 3, iterations: 400, pairedWith: 'trust-aa' };

const showings: Readonly<Record<Scenario['runs'], () => Showing[]>> = {
  none: () => [],
  pair: () => [
    { run: aa, committed: 143, status: 'live' },
    { run: rl, committed: 141, status: 'live' },
  ],
  opponent: () => [{ run: { ...aa, opponent: 'scripted:tit-for-tat' }, committed: 143, status: 'live' }],
  imported: () => [{ run: { ...aa, imported: true }, committed: 200, status: 'finished' }],
  starting: () => [{ run: aa, committed: 0, status: 'live' }],
  split: () => [
    { run: trust, committed: 214, status: 'live' },
    { run: trustRl, committed: 214, status: 'stopped' },
  ],
  broken: () => [
    { run: aa, committed: 200, status: 'finished' },
    {
      run: { ...rl, id: 'old-run' },
      committed: 12,
      status: 'broken',
      problem: 'journal.jsonl ends in a torn line; iterations 1 to 12 are whole. Resume the run to go on from there.',
    },
    { run: { ...rl, id: 'a-run-with-a-rather-long-name-2026-11-25' }, committed: 31, status: 'stopped' },
  ],
  few: () => [{ run: { ...aa, iterations: 30 }, committed: 24, status: 'stopped' }],
  two: () => [
    { run: { ...aa, iterations: 30 }, committed: 24, status: 'stopped' },
    { run: { ...rl, iterations: 30 }, committed: 24, status: 'finished' },
  ],
  seeds: () =>
    (['aa', 'rl'] as const).flatMap((algorithm) =>
      [0, 1, 2, 3, 4].map((seed): Showing => {
        const [id, pairedWith] = algorithm === 'aa' ? [`aa-${seed}`, `rl-${seed}`] : [`rl-${seed}`, `aa-${seed}`];
        const late = 14 * (((seed * 3) % 5) - 2);
        return {
          run: { id, game: 'ipd', algorithm, seed, iterations: 200, pairedWith, late },
          committed: 200 - 3 * seed,
          status: 'finished',
        };
      }),
    ),
  long: () => [{ run: { ...aa, iterations: 30_000 }, committed: 20_000, status: 'live' }],
  huge: () => [{ run: { ...aa, iterations: 300_000 }, committed: 200_000, status: 'live' }],
};

declare global {
  interface Window {
    scenario: Scenario;
    host: ScriptedHost;
    acquireVsCodeApi(): { postMessage(message: unknown): void; getState(): unknown; setState(state: unknown): void };
  }
}

const { scenario } = window;
let state: unknown = scenario.state;
const toHost: ((message: unknown) => void)[] = [];

window.acquireVsCodeApi = () => ({
  postMessage: (message) => {
    const copy: unknown = structuredClone(message);
    queueMicrotask(() => {
      for (const listener of toHost) listener(copy);
    });
  },
  getState: () => state,
  setState: (next) => {
    state = structuredClone(next);
  },
});

const transport: Transport = {
  post: (message) => window.postMessage(message, '*'),
  onMessage: (listener) => toHost.push(listener),
  onClose: () => undefined,
};

window.host = new ScriptedHost(transport, showings[scenario.runs](), {
  newestFirst: scenario.newestFirst ?? true,
  delay: scenario.delay ?? 0,
  vast: scenario.vast,
  branches: scenario.branches,
});
if (scenario.expand !== undefined) window.host.expand(...scenario.expand);
if (scenario.select !== undefined) window.host.select(scenario.select);
if (scenario.matchups !== undefined) window.host.showMatchups({ id: 'night', file: sampleMatchups(scenario.matchups) });
