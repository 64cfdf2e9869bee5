import { FilterError, parseFilter } from '../../src/domain/filter';
import { type Channel, openChannel, type Transport } from '../../src/protocol/channel';
import { WEBVIEW_PROTOCOL } from '../../src/protocol/versions';
import type { FilterView, MatchupCell, MatchupsView, Place, RunView, WebviewHostSide, WebviewSide } from '../../src/protocol/webview';
import { type Branching, branched, madeUpDistributions } from './branched';
import { ancestors, ScriptedTree, type Showing } from './scriptedTree';
import { curveOf, iterationViewOf, negotiationOf } from './world';
import { GROUP, NEGOTIATIONS } from './worldPlay';

/** A host that answers from a made-up world; the page under test can't tell it from the real one. */
export class ScriptedHost {
  readonly channel: Channel<WebviewHostSide, WebviewSide>;
  /** Every request as it came, for tests to look at. */
  readonly asked: { readonly name: string; readonly params: unknown }[] = [];
  private readonly tree: ScriptedTree;
  private version = 0;
  private selection: Place | null = null;
  private following = false;
  private matchups: MatchupsView | null = null;
  /** Cells of match-ups that the page asked to open. */
  readonly opened: MatchupCell[] = [];
  /** How often the page told that negotiations stand beside each other. */
  compared = 0;

  constructor(
    transport: Transport,
    private readonly showing: Showing[],
    private readonly settings: {
      readonly newestFirst: boolean;
      readonly delay: number;
      readonly vast?: number | undefined;
      readonly branches?: Branching | undefined;
    },
  ) {
    const logged =
      <P, R>(name: string, answer: (params: P) => R) =>
      async (params: P): Promise<R> => {
        this.asked.push({ name, params });
        if (this.settings.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.settings.delay));
        return answer(params);
      };
    this.tree = new ScriptedTree(showing, settings);
    this.tree.flatten();
    this.channel = openChannel<WebviewHostSide, WebviewSide>(transport, WEBVIEW_PROTOCOL, {
      rows: logged('rows', ({ start, end, anchor }) => ({
        version: this.version,
        total: this.tree.total,
        start: Math.min(start, this.tree.total),
        rows: this.tree.rows(start, end),
        ...(anchor === undefined ? {} : { anchor: this.tree.indexOf(anchor) }),
      })),
      toggle: logged('toggle', ({ id, expanded }) => {
        if (expanded) this.tree.expanded.add(id);
        else this.tree.expanded.delete(id);
        this.changed(false);
        return null;
      }),
      select: logged('select', ({ place }) => {
        this.following = false;
        this.select(place, true);
        return null;
      }),
      negotiation: logged('negotiation', (place) => {
        const shown = this.find(place.run);
        if (shown === undefined || place.iteration === undefined || place.negotiation === undefined) return null;
        const view = place.iteration > shown.committed ? null : negotiationOf(shown.run, place.iteration, place.negotiation);
        const { branches } = this.settings;
        return view === null || branches === undefined ? view : branched(view, place, branches);
      }),
      iteration: logged('iteration', ({ run, iteration }) => {
        const shown = this.find(run);
        return shown === undefined || iteration < 1 || iteration > shown.committed ? null : iterationViewOf(shown.run, iteration);
      }),
      curves: logged('curves', ({ run, from }) => {
        const shown = this.find(run);
        return { run, from, points: shown === undefined ? [] : curveOf(shown.run, from, shown.committed) };
      }),
      distributions: logged('distributions', ({ place, policies }) => {
        const shown = this.find(place.run);
        const view = shown === undefined ? null : negotiationOf(shown.run, place.iteration ?? 0, place.negotiation ?? 0);
        const said = view?.turns.find(({ turn }) => turn === place.turn)?.tokens.texts[place.token ?? 0];
        return madeUpDistributions(
          place,
          policies,
          this.showing.map((one) => this.runView(one)),
          said,
        );
      }),
      sentPrompt: logged('sentPrompt', ({ run, iteration, negotiation, turn }) => {
        const shown = this.find(run);
        const view = shown === undefined ? null : negotiationOf(shown.run, iteration ?? 0, negotiation ?? 0);
        const asked = view?.turns.find((one) => one.turn === turn);
        if (view === null || asked === undefined) return { sent: null, problem: `the negotiation has no turn ${turn}` };
        const before = view.turns
          .filter((one) => one.seat === asked.seat && one.turn < asked.turn)
          .map((one) => `<|user|>${one.prompt}<|assistant|>${one.text}<|end|>`)
          .join('');
        const added = `<|user|>${asked.prompt}<|assistant|>`;
        return { sent: { before, added, tokens: Math.ceil((before.length + added.length) / 4) }, problem: null };
      }),
      step: logged('step', ({ place, by, delta }) => this.step(place, by, delta)),
      follow: logged('follow', ({ on }) => {
        this.following = on;
        const live = this.showing.find((shown) => shown.status === 'live');
        if (on && live !== undefined) this.select(newest(live), true);
        return null;
      }),
      filter: logged('filter', ({ expression }) => this.setFilter(expression)),
      sort: logged('sort', (sort) => {
        this.tree.sorting = sort;
        this.changed(false);
        return null;
      }),
      command: logged('command', ({ name }) => {
        if (name === 'whatWouldTheySay') this.channel.send('detail', { detail: 'says' });
        return null;
      }),
    });
    this.channel.on('ready', () => this.hydrate());
    this.channel.on('openMatchup', (cell) => this.opened.push(cell));
    this.channel.on('compared', () => {
      this.compared++;
    });
    this.channel.on('closeMatchups', () => {
      this.matchups = null;
    });
  }

  /** The full state of what is visible. */
  hydrate(): void {
    this.channel.send('runs', { runs: this.showing.map((shown) => this.runView(shown)) });
    this.channel.send('selection', { place: this.selection, following: this.following });
    if (this.matchups !== null) this.channel.send('matchups', { shown: this.matchups });
    this.changed(true);
  }

  /** Puts a place beside what is shown. */
  addColumn(place: Place): void {
    this.channel.send('addColumn', place);
  }

  /** Shows a matrix of match-ups. */
  showMatchups(shown: MatchupsView | null): void {
    this.matchups = shown;
    this.channel.send('matchups', { shown });
  }

  /** Chooses a place; its ancestors open. */
  select(place: Place | null, reveal = true): void {
    this.selection = place;
    if (place !== null) for (const id of ancestors(place)) this.tree.expanded.add(id);
    this.channel.send('selection', { place, following: this.following });
    this.changed(reveal);
  }

  /** Opens rows by id. */
  expand(...ids: readonly string[]): void {
    for (const id of ids) this.tree.expanded.add(id);
    this.changed(false);
  }

  /** Commits one more iteration of every live run. */
  commit(): void {
    for (const shown of this.showing) {
      if (shown.status !== 'live') continue;
      shown.committed++;
      if (shown.committed >= shown.run.iterations) shown.status = 'finished';
      this.channel.send('curvesChanged', { run: shown.run.id, from: shown.committed });
      if (this.following) this.select(newest(shown), true);
    }
    this.channel.send('runs', { runs: this.showing.map((shown) => this.runView(shown)) });
    this.changed(false);
  }

  private setFilter(expression: string): FilterView {
    this.tree.filter = null;
    let problem: FilterView['problem'] = null;
    try {
      this.tree.filter = parseFilter(expression);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      problem = { message: error.message, at: error.at };
    }
    this.changed(false);
    let total = 0;
    let passing = 0;
    for (const { run, committed } of this.showing) {
      for (let iteration = 1; iteration <= committed; iteration++) {
        total += NEGOTIATIONS;
        for (let n = 0; n < NEGOTIATIONS; n++) if (this.tree.passes(run, iteration, n)) passing++;
      }
    }
    return { expression, problem, matches: passing, looked: total, total };
  }

  private changed(reveal: boolean): void {
    this.tree.flatten();
    this.version++;
    const id = this.selection === null ? undefined : ancestors(this.selection).at(-1);
    this.channel.send('tree', {
      version: this.version,
      total: this.tree.total,
      selected: this.tree.indexOf(id),
      reveal,
    });
  }

  private find(run: string): Showing | undefined {
    return this.showing.find((shown) => shown.run.id === run);
  }

  private runView({ run, committed, status, problem }: Showing): RunView {
    return {
      run: run.id,
      name: run.id,
      game: run.game,
      algorithm: run.algorithm,
      seed: run.seed,
      status,
      iteration: committed,
      iterations: run.iterations,
      recipe: `${run.game} ${run.iterations}`,
      device: 'CPU · 2 threads',
      tokensPerSecond: status === 'live' ? 11_240 : null,
      secondsPerIteration: status === 'live' ? 0.21 : null,
      ...(run.pairedWith === undefined ? {} : { pairedWith: run.pairedWith }),
      ...(this.settings.branches === undefined ? {} : { forkable: true as const }),
      ...(run.opponent === undefined ? {} : { opponent: run.opponent }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  private step(place: Place, by: 'negotiation' | 'iteration', delta: 1 | -1): Place | null {
    const shown = this.find(place.run);
    if (shown === undefined) return null;
    const iteration = (place.iteration ?? shown.committed) + (by === 'iteration' ? delta : 0);
    const negotiation = (place.negotiation ?? 0) + (by === 'negotiation' ? delta : 0);
    if (iteration < 1 || iteration > shown.committed || negotiation < 0 || negotiation >= NEGOTIATIONS) return null;
    return { run: place.run, iteration, group: Math.floor(negotiation / GROUP), negotiation };
  }
}

function newest({ run, committed }: Showing): Place {
  return { run: run.id, iteration: committed, group: 0, negotiation: 0 };
}
