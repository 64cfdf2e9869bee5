import { type Filter, matches, readsTexts, SORT_FIELDS } from '../../src/domain/filter';
import { AGENT_NAMES } from '../../src/domain/seat';
import type { Place, RunView, TreeRow, TreeSort } from '../../src/protocol/webview';
import { curveOf, meanReward, negotiationOf, subjectOf } from './world';
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

type Add = (node: Omit<Node, 'position' | 'siblings'>, position: number, siblings: number, children: (index: number) => void) => void;

/** The made-up world as a tree whose open rows are a list. */
export class ScriptedTree {
  readonly expanded = new Set<string>();
  filter: Filter | null = null;
  sorting: TreeSort = { by: null, descending: true };
  private nodes: Node[] = [];

  constructor(
    private readonly showing: readonly Showing[],
    private readonly settings: {
      readonly newestFirst: boolean;
      /** So many rows that none is made before it is asked for. */
      readonly vast?: number | undefined;
    },
  ) {}

  /** How many rows there are. */
  get total(): number {
    return this.settings.vast ?? this.nodes.length;
  }

  rows(start: number, end: number): TreeRow[] {
    return this.settings.vast === undefined ? this.nodes.slice(start, end).map((node) => this.row(node)) : this.vastRows(start, end);
  }

  /** Where a row is; −1 if it is not in view of an open one. */
  indexOf(id: string | undefined): number {
    return id === undefined ? -1 : this.nodes.findIndex((node) => node.id === id);
  }

  /** Whether the filter lets a negotiation through. */
  passes(run: WorldRun, iteration: number, negotiation: number): boolean {
    if (this.filter === null) return true;
    const said = readsTexts(this.filter) ? (negotiationOf(run, iteration, negotiation)?.turns ?? []) : null;
    return matches(this.filter, subjectOf(run, iteration, negotiation), said) === true;
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

  /** Makes the list anew after something changed. */
  flatten(): void {
    if (this.sorting.by !== null) {
      this.sorted(this.sorting.by);
      return;
    }
    const nodes: Node[] = [];
    const add: Add = (node, position, siblings, children) => {
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

  private addIteration(add: Add, run: WorldRun, iteration: number, runIndex: number, committed: number): void {
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
    add: Add,
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
    const shown = this.showing.find((one) => one.run.id === place.run)!;
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
