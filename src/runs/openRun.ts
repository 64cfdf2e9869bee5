import { createHash } from 'node:crypto';
import type { SaidText } from '../domain/filter';
import { pair } from '../domain/seat';
import { lineText } from '../domain/tokens/visibleText';
import { hasFixedOpponent, opponentName } from '../protocol/opponent';
import type { RunFile } from '../protocol/runFiles';
import type { CurvePoint, IterationView, NegotiationView, Place, RunStatus, RunView } from '../protocol/webview';
import type { ActiveRun } from './activeRun';
import { BranchIndex } from './branchIndex';
import { branchView, whyNotForkable } from './forkable';
import { ADVANTAGE_COLUMNS, advantagesOf, curvePoint, iterationView } from './iterationView';
import { MEMBER_COLUMNS, negotiationView, seatOf, untrainedRules, type ViewRules } from './negotiation';
import type { NegotiationFolder, Played } from './negotiationFolder';
import { OUTLINE_COLUMNS, outlineOf, previewOutline } from './outline';
import { previewView } from './preview';
import type { RolloutReader } from './rolloutReader';
import type { NegotiationKey, Outline, TreeRun } from './treeModel';

/** A run that is open in this window: its folder, and the trainer if it is one of ours. Match-ups and play read like one. */
export class OpenRun {
  active: ActiveRun | null = null;
  #recipe: { readonly file: RunFile; readonly text: string } | undefined;
  /** Branches of its negotiations. */
  readonly branches: BranchIndex;
  #whyNotForkable: { readonly at: number; readonly why: string | null } | undefined;

  constructor(
    readonly id: string,
    readonly folder: NegotiationFolder,
    private readonly reader: RolloutReader,
  ) {
    this.branches = new BranchIndex(folder.path);
  }

  get name(): string {
    return this.folder.file?.name ?? this.folder.played?.name ?? this.folder.baseName;
  }

  get file(): RunFile | null {
    return this.folder.file;
  }

  get status(): RunStatus {
    if (this.folder.played !== null) return 'finished';
    if (this.folder.file === null) return 'broken';
    if (this.folder.file.imported !== undefined) return 'finished';
    if (this.active !== null || this.folder.trainedBy !== null) return 'live';
    return this.folder.finished === null ? 'stopped' : 'finished';
  }

  /** Iterations that there will be, or that there are of a run that was imported; 0 where run.json cannot be read. */
  get planned(): number {
    if (this.folder.file?.imported !== undefined) return this.iteration;
    return this.folder.file?.config.iterations ?? this.folder.played?.pairs.size ?? 0;
  }

  /** Empty where it cannot be read. */
  get game(): string {
    return this.folder.file?.config.game ?? this.folder.played?.game ?? '';
  }

  /** When it was begun, ISO 8601; empty where that cannot be read. */
  get created(): string {
    return this.folder.file?.created ?? this.folder.played?.created ?? '';
  }

  /** Committed iterations, the start not counted. */
  get iteration(): number {
    return Math.max(0, this.folder.last);
  }

  /** Why its negotiations cannot be forked, in one line; null where they can. What it takes is looked for again as the run goes on. */
  get whyNotForkable(): string | null {
    if (this.#whyNotForkable?.at !== this.folder.last) this.#whyNotForkable = { at: this.folder.last, why: whyNotForkable(this) };
    return this.#whyNotForkable.why;
  }

  /** The run as headers and charts show it; null where run.json cannot be read. */
  view(): RunView | null {
    const { file, played } = this.folder;
    if (played !== null) return this.#playedView(played);
    if (file === null) return null;
    const problem = this.folder.problems[0]?.message;
    return {
      run: this.id,
      name: lineText(this.name),
      game: file.config.game,
      algorithm: file.config.algorithm,
      seed: file.config.seed,
      status: this.status,
      iteration: this.iteration,
      iterations: this.planned,
      device: this.active?.progress?.device ?? file.device,
      ...this.#speed(),
      ...(file.pairedWith === undefined ? {} : { pairedWith: file.pairedWith }),
      ...(hasFixedOpponent(file.config) ? { opponent: lineText(opponentName(file.config.opponent)) } : {}),
      ...(this.whyNotForkable === null ? { forkable: true as const } : {}),
      ...(file.set === undefined ? {} : { set: file.set }),
      recipe: this.#recipeOf(file),
      ...(this.folder.finished === null ? {} : { final: this.folder.finished.measures }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #recipeOf(file: RunFile): string {
    if (this.#recipe?.file !== file) {
      const settings = JSON.stringify([{ ...file.config, seed: 0 }, file.model.sha256]);
      this.#recipe = { file, text: createHash('sha256').update(settings).digest('hex').slice(0, 12) };
    }
    return this.#recipe.text;
  }

  /** The run as the tree shows it. */
  treeRun(): TreeRun {
    const { file, played } = this.folder;
    return {
      id: this.id,
      name: this.name,
      status: this.status,
      detail:
        played !== null
          ? pairsText(played)
          : file === null
            ? (this.folder.problems[0]?.message ?? '')
            : file.imported !== undefined
              ? `${this.iteration} imported`
              : `${this.iteration} of ${this.planned}`,
      planned: this.planned,
      iterations: this.folder.iterations.filter((line) => line.rollouts !== undefined),
      problems: [...this.folder.problems, ...this.branches.problems],
      preview: this.active?.preview ?? null,
      branches: this.branches.branches,
      forkable: this.whyNotForkable === null,
      ...(played === null ? {} : { pairs: played.pairs }),
    };
  }

  /** Points of the training curves from an iteration on. */
  curve(from: number): CurvePoint[] {
    if (this.folder.played !== null) return [];
    return this.folder.iterations.flatMap((line) => (line.iteration >= from ? (curvePoint(line) ?? []) : []));
  }

  /**
   * A committed iteration as a whole; null where there is none, or nothing was trained.
   * @throws RolloutError when its file cannot be read
   */
  async iterationView(iteration: number): Promise<IterationView | null> {
    const config = this.folder.file?.config;
    const line = this.folder.iteration(iteration);
    if (config === undefined || line?.rollouts === undefined) return null;
    const rows = await this.reader.all(this.folder.path, line.rollouts, ADVANTAGE_COLUMNS);
    return { run: this.id, ...iterationView(line), advantages: advantagesOf(rows, config) };
  }

  /**
   * A negotiation, committed or under way, or one of its branches; null where there is none at this place.
   * @throws RolloutError when its file cannot be read
   */
  async negotiation(place: Place): Promise<NegotiationView | null> {
    const { iteration, negotiation } = place;
    const rules = this.#rules();
    if (rules === undefined || iteration === undefined || negotiation === undefined) return null;
    const line = this.folder.iteration(iteration);
    if (line?.rollouts === undefined) {
      const preview = this.active?.preview;
      const known = preview?.iteration === iteration ? preview.negotiation(negotiation) : undefined;
      return known === undefined ? null : previewView(place, rules, known);
    }
    const branches = this.branches.of({ iteration, negotiation });
    const shown = branches.length === 0 ? {} : { branches: branches.map(branchView) };
    if (place.branch !== undefined) {
      const branch = branches.find((each) => each.branch === place.branch);
      if (branch === undefined) return null;
      const own = await this.reader.negotiation(this.folder.path, branch.rollouts, negotiation);
      // Nobody was trained in it, so that it has no credits; its seed group has none to compare with.
      const view = negotiationView(place, untrainedRules(rules.game), own, []);
      return view && { ...view, ...shown, branch: branchView(branch), players: pair((seat) => branch.players[seat].name) };
    }
    const group = line.negotiations?.group[negotiation] ?? place.group;
    const turns = await this.reader.negotiation(this.folder.path, line.rollouts, negotiation);
    const members = group === undefined ? [] : await this.reader.group(this.folder.path, line.rollouts, group, MEMBER_COLUMNS);
    const view = negotiationView(place, rules, turns, members);
    return view && { ...view, ...shown };
  }

  /**
   * Rounds and turns of a negotiation; null where there is none.
   * @throws RolloutError when its file cannot be read
   */
  async outline({ iteration, negotiation, group }: NegotiationKey): Promise<Outline | null> {
    const rules = this.#rules();
    const line = this.folder.iteration(iteration);
    if (rules === undefined || line?.rollouts === undefined) return this.previewOutline({ iteration, negotiation, group });
    return outlineOf(await this.reader.columns(this.folder.path, line.rollouts, negotiation, OUTLINE_COLUMNS), rules);
  }

  /**
   * What was said and done in an iteration, turn by turn, by negotiation.
   * @throws RolloutError when its file cannot be read
   */
  async said(iteration: number): Promise<Map<number, SaidText[]>> {
    const said = new Map<number, SaidText[]>();
    const file = this.folder.iteration(iteration)?.rollouts;
    if (file === undefined) return said;
    for (const row of await this.reader.all(this.folder.path, file, ['negotiation', 'seat', 'text'])) {
      const texts = said.get(row.negotiation) ?? [];
      said.set(row.negotiation, texts);
      texts.push({ seat: seatOf(row), text: row.text });
    }
    return said;
  }

  /** Rounds and turns so far of a negotiation under way. */
  previewOutline({ iteration, negotiation }: NegotiationKey): Outline | null {
    const preview = this.active?.preview;
    const known = preview?.iteration === iteration ? preview.negotiation(negotiation) : undefined;
    return known === undefined ? null : previewOutline(known);
  }

  /** A place with its seed group filled in, so that its row can be found. */
  complete(place: Place): Place {
    const { iteration, negotiation, group } = place;
    if (iteration === undefined || negotiation === undefined || group !== undefined) return place;
    const known =
      this.folder.iteration(iteration)?.negotiations?.group[negotiation] ?? this.active?.preview?.negotiation(negotiation)?.group;
    return known === undefined ? place : { ...place, group: known };
  }

  /** The place of the row that stands for a place: a branch's is under the turn that it leaves at. */
  rowPlace(place: Place): Place {
    const branch = place.branch === undefined ? undefined : this.branches.get(place.branch);
    const complete = this.complete(place);
    return branch === undefined ? complete : { ...complete, round: branch.round, turn: branch.turn };
  }

  /** The place one negotiation or iteration on or back; steps run over into the next iteration; null at the ends. */
  step(place: Place, by: 'negotiation' | 'iteration', delta: 1 | -1): Place | null {
    const lines = this.folder.iterations.filter((line) => line.rollouts !== undefined);
    const at = place.iteration ?? (delta > 0 ? 0 : Number.POSITIVE_INFINITY);
    const line = lines.find(({ iteration }) => iteration === at);
    if (by === 'negotiation' && line !== undefined) {
      const next = (place.negotiation ?? (delta > 0 ? -1 : this.#count(line))) + delta;
      if (next >= 0 && next < this.#count(line)) return this.complete({ run: this.id, iteration: line.iteration, negotiation: next });
    }
    const neighbour = delta > 0 ? lines.find(({ iteration }) => iteration > at) : lines.findLast(({ iteration }) => iteration < at);
    if (neighbour === undefined) return null;
    const count = this.#count(neighbour);
    const negotiation =
      by === 'iteration' ? Math.min(place.negotiation ?? 0, Math.max(0, count - 1)) : delta > 0 ? 0 : Math.max(0, count - 1);
    return this.complete({ run: this.id, iteration: neighbour.iteration, negotiation });
  }

  /** The same negotiation in the newest committed iteration; null before there is one. */
  newest(negotiation: number): Place | null {
    const line = this.folder.iterations.at(-1);
    if (line?.rollouts === undefined) return null;
    return this.complete({
      run: this.id,
      iteration: line.iteration,
      negotiation: Math.min(negotiation, Math.max(0, this.#count(line) - 1)),
    });
  }

  #rules(): ViewRules | undefined {
    const { file, played } = this.folder;
    return played === null ? file?.config : untrainedRules(played.game);
  }

  #playedView(played: Played): RunView {
    const problem = this.folder.problems[0]?.message;
    return {
      run: this.id,
      name: lineText(this.name),
      ...{ game: played.game, algorithm: null, seed: played.seed, status: this.status, device: '' },
      ...{ iteration: this.iteration, iterations: this.planned, tokensPerSecond: null, secondsPerIteration: null },
      played: { kind: played.kind, pairs: Object.fromEntries(played.pairs) },
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #count(line: { readonly negotiations?: { readonly group: readonly number[] } | undefined }): number {
    return line.negotiations?.group.length ?? 0;
  }

  #speed(): { readonly tokensPerSecond: number | null; readonly secondsPerIteration: number | null } {
    const progress = this.active?.progress;
    if (progress !== undefined && progress !== null && progress.secondsPerIteration > 0) {
      return { tokensPerSecond: progress.tokensPerSecond, secondsPerIteration: progress.secondsPerIteration };
    }
    const last = this.folder.iterations.at(-1);
    if (last?.training === undefined || last.seconds <= 0) return { tokensPerSecond: null, secondsPerIteration: null };
    const tokens = last.training.sampledTokens + last.training.trainedTokens;
    return { tokensPerSecond: tokens / last.seconds, secondsPerIteration: last.seconds };
  }
}

function pairsText({ kind, pairs, negotiations }: Played): string {
  if (kind === 'play') return '';
  return `${pairs.size} ${pairs.size === 1 ? 'pair' : 'pairs'}, ${negotiations} negotiations each`;
}
