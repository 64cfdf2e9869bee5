import { type Filter, FilterError, matches, parseFilter, readsTexts, SORT_FIELDS } from '../../src/domain/filter';
import { AGENT_NAMES } from '../../src/domain/seat';
import { type Channel, openChannel, type Transport } from '../../src/protocol/channel';
import { WEBVIEW_PROTOCOL } from '../../src/protocol/versions';
import type {
  FilterView,
  MatchupCell,
  MatchupsView,
  Place,
  RunView,
  TreeRow,
  TreeSort,
  WebviewHostSide,
  WebviewSide,
} from '../../src/protocol/webview';
import { type Branching, branched, madeUpDistributions } from './branched';
import { curveOf, iterationViewOf, meanReward, negotiationOf, subjectOf } from './world';
import { GROUP, NEGOTIATIONS, type WorldRun } from './worldPlay';

/** A run and how far it is. */
export interface Showing {
  readonly run: WorldRun;
  committed: number;
  status: RunView['status'];
  problem?: string;
}

/** A tree node before it is a row. */
interface Node {
  readonly id: string;
  readonly depth: number;
  readonly parent: number;
  readonly position: number;
  readonly siblings: number;
  readonly kind: TreeRow['kind'];
  readonly place: Place;
  /** What it is sorted by. */
  readonly value?: number;
}

/** A host that answers from a made-up world; the page under test can't tell it from the real one. */
export class ScriptedHost {
  readonly channel: Channel<WebviewHostSide, WebviewSide>;
  /** Every request as it came, for tests to look at. */
  readonly asked: { readonly name: string; readonly params: unknown }[] = [];
  private expanded = new Set<string>();
  private nodes: Node[] = [];
  private version = 0;
  private selection: Place | null = null;
  private following = false;
  private filter: Filter | null = null;
  private sorting: TreeSort = { by: null, descending: true };
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
    this.flatten();
    this.channel = openChannel<WebviewHostSide, WebviewSide>(transport, WEBVIEW_PROTOCOL, {
      rows: logged('rows', ({ start, end, anchor }) => ({
        version: this.version,
        total: this.total,
        start: Math.min(start, this.total),
        rows: this.settings.vast === undefined ? this.nodes.slice(start, end).map((node) => this.row(node)) : this.vastRows(start, end),
        ...(anchor === undefined ? {} : { anchor: this.nodes.findIndex((node) => node.id === anchor) }),
      })),
      toggle: logged('toggle', ({ id, expanded }) => {
        if (expanded) this.expanded.add(id);
        else this.expanded.delete(id);
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
        this.sorting = sort;
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
    if (place !== null) for (const id of ancestors(place)) this.expanded.add(id);
    this.channel.send('selection', { place, following: this.following });
    this.changed(reveal);
  }

  /** Opens rows by id. */
  expand(...ids: readonly string[]): void {
    for (const id of ids) this.expanded.add(id);
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
    this.filter = null;
    let problem: FilterView['problem'] = null;
    try {
      this.filter = parseFilter(expression);
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
        for (let n = 0; n < NEGOTIATIONS; n++) if (this.passes(run, iteration, n)) passing++;
      }
    }
    return { expression, problem, matches: passing, looked: total, total };
  }

  private passes(run: WorldRun, iteration: number, negotiation: number): boolean {
    if (this.filter === null) return true;
    const said = readsTexts(this.filter) ? (negotiationOf(run, iteration, negotiation)?.turns ?? []) : null;
    return matches(this.filter, subjectOf(run, iteration, negotiation), said) === true;
  }

  private changed(reveal: boolean): void {
    this.flatten();
    this.version++;
    const id = this.selection === null ? undefined : ancestors(this.selection).at(-1);
    this.channel.send('tree', {
      version: this.version,
      total: this.total,
      selected: id === undefined ? -1 : this.nodes.findIndex((node) => node.id === id),
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

  private get total(): number {
    return this.settings.vast ?? this.nodes.length;
  }

  /** Rows of a list that is too long to be made. */
  private vastRows(start: number, end: number): TreeRow[] {
    const total = this.total;
    return Array.from({ length: Math.max(0, Math.min(end, total) - start) }, (_, i): TreeRow => {
      const index = start + i;
      const place = { run: this.showing[0]!.run.id, iteration: Math.floor(index / NEGOTIATIONS) + 1, negotiation: index % NEGOTIATIONS };
      const label = `row ${index}`;
      return {
        id: label,
        kind: 'negotiation',
        depth: 0,
        parent: -1,
        position: index + 1,
        siblings: total,
        expandable: false,
        expanded: false,
        label,
        place,
      };
    });
  }

  private sorted(by: string): void {
    const field = SORT_FIELDS.find(({ name }) => name === by)!;
    const found = this.showing.flatMap(({ run, committed }) =>
      Array.from({ length: committed * NEGOTIATIONS }, (_, i) => {
        const [iteration, negotiation] = [Math.floor(i / NEGOTIATIONS) + 1, i % NEGOTIATIONS];
        const place = { run: run.id, iteration, group: Math.floor(negotiation / GROUP), negotiation };
        return { run, place, value: field.read(subjectOf(run, iteration, negotiation)) as number };
      }).filter(({ place }) => this.passes(run, place.iteration, place.negotiation)),
    );
    found.sort((a, b) => (this.sorting.descending ? b.value - a.value : a.value - b.value));
    this.nodes = found.map(({ place, value }, i) => ({
      id: ancestors(place).at(-1)!,
      depth: 0,
      parent: -1,
      kind: 'negotiation',
      place,
      position: i + 1,
      siblings: found.length,
      value,
    }));
  }

  private flatten(): void {
    if (this.sorting.by !== null) {
      this.sorted(this.sorting.by);
      return;
    }
    const nodes: Node[] = [];
    const add = (
      node: Omit<Node, 'position' | 'siblings'>,
      position: number,
      siblings: number,
      children: (index: number) => void,
    ): void => {
      nodes.push({ ...node, position, siblings });
      if (this.expanded.has(node.id)) children(nodes.length - 1);
    };
    this.showing.forEach(({ run, committed, problem }, r) => {
      add({ id: run.id, depth: 0, parent: -1, kind: 'run', place: { run: run.id } }, r + 1, this.showing.length, (runIndex) => {
        if (problem !== undefined)
          nodes.push({
            id: `${run.id}/notice`,
            depth: 1,
            parent: runIndex,
            kind: 'notice',
            place: { run: run.id },
            position: 1,
            siblings: committed + 1,
          });
        for (let i = 0; i < committed; i++) {
          const iteration = this.settings.newestFirst ? committed - i : i + 1;
          if (this.filter !== null && !Array.from({ length: NEGOTIATIONS }, (_, n) => n).some((n) => this.passes(run, iteration, n)))
            continue;
          this.addIteration(add, run, iteration, runIndex, committed);
        }
      });
    });
    this.nodes = nodes;
  }

  private addIteration(
    add: (node: Omit<Node, 'position' | 'siblings'>, position: number, siblings: number, children: (index: number) => void) => void,
    run: WorldRun,
    iteration: number,
    runIndex: number,
    committed: number,
  ): void {
    const id = `${run.id}/${iteration}`;
    const place = { run: run.id, iteration };
    add({ id, depth: 1, parent: runIndex, kind: 'iteration', place }, iteration, committed, (parent) => {
      for (let group = 0; group < NEGOTIATIONS / GROUP; group++) {
        if (!Array.from({ length: GROUP }, (_, n) => group * GROUP + n).some((n) => this.passes(run, iteration, n))) continue;
        add(
          { id: `${id}/g${group}`, depth: 2, parent, kind: 'group', place: { ...place, group } },
          group + 1,
          NEGOTIATIONS / GROUP,
          (groupIndex) => {
            for (let n = group * GROUP; n < (group + 1) * GROUP; n++) {
              if (!this.passes(run, iteration, n)) continue;
              this.addNegotiation(add, run, { ...place, group, negotiation: n }, groupIndex);
            }
          },
        );
      }
    });
  }

  private addNegotiation(
    add: (node: Omit<Node, 'position' | 'siblings'>, position: number, siblings: number, children: (index: number) => void) => void,
    run: WorldRun,
    place: Place & { readonly iteration: number; readonly negotiation: number },
    parent: number,
  ): void {
    const id = ancestors(place).at(-1)!;
    add({ id, depth: 3, parent, kind: 'negotiation', place }, (place.negotiation % GROUP) + 1, GROUP, (index) => {
      const view = negotiationOf(run, place.iteration, place.negotiation);
      for (const round of view?.rounds ?? []) {
        add(
          { id: `${id}/r${round.round}`, depth: 4, parent: index, kind: 'round', place: { ...place, round: round.round } },
          round.round + 1,
          view!.rounds.length,
          (roundIndex) => {
            const turns = view!.turns.filter((turn) => turn.round === round.round);
            turns.forEach((turn, t) => {
              add(
                {
                  id: `${id}/r${round.round}/t${turn.turn}`,
                  depth: 5,
                  parent: roundIndex,
                  kind: 'turn',
                  place: { ...place, round: round.round, turn: turn.turn },
                },
                t + 1,
                turns.length,
                () => undefined,
              );
            });
          },
        );
      }
    });
  }

  private row(node: Node): TreeRow {
    const { id, kind, depth, place, parent, position, siblings } = node;
    const shown = this.find(place.run)!;
    const base = {
      id,
      kind,
      depth,
      place,
      parent,
      position,
      siblings,
      expandable: kind !== 'turn' && kind !== 'notice',
      expanded: this.expanded.has(id),
    };
    const { run } = shown;
    if (node.value !== undefined) {
      return {
        ...base,
        expandable: false,
        label: `iteration ${place.iteration}`,
        detail: `group ${place.group} · #${place.negotiation} · ${run.id}`,
        badge: node.value.toFixed(2).replace('-', '−'),
        badgeMeaning: this.sorting.by ?? '',
        ...(this.showing.length > 1 ? { algorithm: run.algorithm } : {}),
      };
    }
    switch (kind) {
      case 'run':
        return {
          ...base,
          label: run.id,
          detail: `${run.game} · seed ${run.seed}`,
          status: shown.status,
          badge: `${shown.committed}/${run.iterations}`,
          badgeMeaning: 'iterations',
          ...(shown.committed > 1 && run.iterations < 1000
            ? {
                spark: curveOf(run, 1, shown.committed)
                  .filter((_, i) => i % 8 === 0)
                  .map((p) => p.measures.meanReward?.[0] ?? 0),
              }
            : {}),
        };
      case 'notice':
        return { ...base, label: 'problem', detail: shown.problem ?? '' };
      case 'iteration':
        return {
          ...base,
          label: `iteration ${place.iteration}`,
          badge: (curveOf(run, place.iteration!, place.iteration!)[0]?.measures.meanReward?.[0] ?? 0).toFixed(2),
          badgeMeaning: 'mean reward a round',
        };
      case 'group':
        return { ...base, label: `group ${place.group}`, badge: String(GROUP), badgeMeaning: 'negotiations' };
      case 'negotiation': {
        const rounds = negotiationOf(run, place.iteration!, place.negotiation!)!.rounds;
        return {
          ...base,
          label: `negotiation ${place.negotiation}`,
          badge: meanReward(run, place.iteration!, place.negotiation).toFixed(2),
          badgeMeaning: 'mean reward a round',
          spark: rounds.map((round) => round.rewards[0] + round.rewards[1]),
        };
      }
      case 'round': {
        const round = negotiationOf(run, place.iteration!, place.negotiation!)!.rounds[place.round!]!;
        return {
          ...base,
          label: `round ${place.round! + 1}`,
          badge: round.rewards.map((r) => Math.round(r)).join(' / '),
          badgeMeaning: 'rewards of Alice and Bob',
        };
      }
      case 'turn': {
        const turn = negotiationOf(run, place.iteration!, place.negotiation!)!.turns[place.turn!]!;
        return {
          ...base,
          label: AGENT_NAMES[turn.seat],
          detail: turn.text,
          seat: turn.seat,
          badge: turn.credit!.credit.toFixed(2).replace('-', '−'),
          badgeMeaning: 'credit',
        };
      }
      default:
        throw new Error(`The made-up tree has no ${kind}`);
    }
  }
}

/** Ids from the run down to the place itself. */
export function ancestors(place: Place): string[] {
  const ids = [place.run];
  const add = (part: string | undefined): void => {
    if (part !== undefined) ids.push(`${ids.at(-1)}/${part}`);
  };
  add(place.iteration === undefined ? undefined : String(place.iteration));
  add(place.group === undefined ? undefined : `g${place.group}`);
  add(place.negotiation === undefined ? undefined : `n${place.negotiation}`);
  add(place.round === undefined ? undefined : `r${place.round}`);
  add(place.turn === undefined ? undefined : `t${place.turn}`);
  return ids;
}

function newest({ run, committed }: Showing): Place {
  return { run: run.id, iteration: committed, group: 0, negotiation: 0 };
}
