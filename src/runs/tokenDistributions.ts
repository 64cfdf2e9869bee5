import type { Seat } from '../domain/seat';
import { branchAt } from '../protocol/branches';
import type { DistributionsView, Place, PolicyRef } from '../protocol/webview';
import { whyNotForkable } from './forkable';
import type { InferenceProcess } from './inferenceProcess';
import type { OpenRun } from './openRun';
import { messageOf } from './problem';
import type { RunStore } from './runStore';
import { seatThen } from './seatThen';

/** Answers that are kept: a reader steps to and fro. */
const KEPT = 200;

/** Likeliest tokens that are listed for each policy. */
const TOP = 8;

/** A token of a negotiation. */
type TokenPlace = Place & { readonly [K in 'iteration' | 'negotiation' | 'turn' | 'token']: number };

/** Who is asked. */
type Whom = Pick<DistributionsView, 'policies' | 'isExact'>;

/** What policies would say at a token: whom to ask, and the answers, which are kept. */
export class TokenDistributions {
  /** Least recently used first. */
  readonly #known = new Map<string, Promise<DistributionsView>>();
  #asking: { readonly key: string; readonly stop: AbortController } | undefined;

  constructor(
    private readonly store: RunStore,
    private readonly inference: Pick<InferenceProcess, 'perform'>,
    /** Whether a process may be started. */
    private readonly mayCompute: () => boolean,
  ) {}

  /** What policies would say; a question under way is called off by the next. Never throws: what is wrong is in the answer. */
  async of(place: Place, chosen: readonly PolicyRef[] | null): Promise<DistributionsView> {
    const run = this.store.get(place.run);
    if (run === undefined || !isToken(place)) return nothing(place, 'Choose a token: what policies would say in its place is shown here');
    const whom = await this.#whom(run, place, chosen);
    const asked = { ...nothing(place, null), choices: this.#choices(run), ...whom };
    const why =
      whyNotForkable(run) ??
      (run.folder.iteration(place.iteration)?.rollouts === undefined
        ? 'This negotiation is under way: policies can be asked once its iteration is committed'
        : whom.policies.length === 0
          ? 'Nobody of this run said it, and a script or an endpoint has no probabilities. Choose a checkpoint to ask'
          : null);
    if (why !== null) return { ...asked, problem: why };
    const key = JSON.stringify([run.folder.path, { ...place, run: '', group: 0, round: 0 }, whom.policies]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#known.delete(key);
      this.#known.set(key, known);
      return { ...asked, ...(await known) };
    }
    if (!this.mayCompute()) {
      return { ...asked, problem: 'Asking policies starts a process, which needs a trusted workspace: Manage Workspace Trust' };
    }
    this.#asking?.stop.abort(new Error('another token was asked about'));
    const stop = new AbortController();
    this.#asking = { key, stop };
    const answer = this.#ask(run, place, asked, stop.signal);
    this.#known.set(key, answer);
    for (const old of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(old);
    }
    const view = await answer;
    if (view.problem !== null) this.#known.delete(key);
    return view;
  }

  async #ask(run: OpenRun, place: TokenPlace, asked: DistributionsView, signal: AbortSignal): Promise<DistributionsView> {
    const { iteration, negotiation, branch, turn, token } = place;
    try {
      const said = await this.inference.perform(
        'distributions',
        {
          ...{ folder: run.folder.path, iteration, negotiation, turn, token, top: TOP },
          ...(branch === undefined ? {} : { branch }),
          policies: asked.policies.map((policy) => ({ folder: this.store.get(policy.run)!.folder.path, iteration: policy.iteration })),
        },
        { signal },
      );
      return { ...asked, said };
    } catch (error) {
      return { ...asked, problem: messageOf(error) };
    }
  }

  /** Whoever said it, and the paired run's policy of that time, or this run's before training; unless others are chosen. */
  async #whom(run: OpenRun, place: TokenPlace, chosen: readonly PolicyRef[] | null): Promise<Whom> {
    const then = await this.#sayer(run, place);
    const open = (chosen ?? []).filter((policy) => this.store.get(policy.run) !== undefined);
    const [first = then?.policy] = open;
    const isExact = then?.isExact === true && first?.run === then.policy.run && first.iteration === then.policy.iteration;
    if (open.length > 0) return { policies: open, isExact };
    if (then === null) return { policies: [], isExact };
    const { iteration } = then.policy;
    const partner = this.store.get(run.file?.pairedWith ?? '');
    const rival = partner?.id === then.policy.run ? run : partner;
    const theirs = rival && checkpointsOf(rival).findLast((each) => each <= iteration);
    const other = rival !== undefined && theirs !== undefined ? { run: rival.id, iteration: theirs } : { run: run.id, iteration: 0 };
    const isAnother = other.run !== then.policy.run || other.iteration !== iteration;
    return { policies: [then.policy, ...(isAnother ? [other] : [])], isExact };
  }

  /** The checkpoint of an open run that said a turn, or the nearest before it; null where it was somebody else. */
  async #sayer(run: OpenRun, place: TokenPlace): Promise<{ readonly policy: PolicyRef; readonly isExact: boolean } | null> {
    const view = await run.negotiation(place).catch(() => null);
    const turn = view?.turns.find((each) => each.turn === place.turn);
    if (view == null || turn === undefined || run.file === null) return null;
    const said = view.branch && branchAt(view.branch, turn.turn);
    // In a branch, players are named by their run's folder and iteration.
    const named = said ? /^(.*)@(\d+)$/.exec(said.players[turn.seat].name) : null;
    if (said) {
      const of = named && this.store.runs.find(({ folder }) => folder.baseName === named[1]);
      return of ? { policy: { run: of.id, iteration: Number(named[2]) }, isExact: true } : null;
    }
    const player = view.branch === undefined ? view.players[turn.seat] : await this.#originalPlayer(run, place, turn.seat);
    const then = seatThen(run.folder.path, run.file, run.folder.iterations, { player, iteration: place.iteration });
    return then?.checkpoint === undefined ? null : { policy: { run: run.id, iteration: then.checkpoint }, isExact: then.isExact };
  }

  /** Who had a seat before the branch began. */
  async #originalPlayer(run: OpenRun, { branch: _, ...place }: TokenPlace, seat: Seat): Promise<string> {
    return (await run.negotiation(place).catch(() => null))?.players[seat] ?? '';
  }

  #choices(run: OpenRun): DistributionsView['choices'] {
    const model = run.file?.model.sha256;
    const alike = this.store.runs.filter((each) => each.file?.model.sha256 === model && checkpointsOf(each).length > 0);
    return [...new Set([...(alike.includes(run) ? [run] : []), ...alike])].map((each) => ({
      run: each.id,
      name: each.name,
      algorithm: each.file!.config.algorithm,
      checkpoints: checkpointsOf(each),
    }));
  }
}

/** Iterations that left a checkpoint, ascending. */
export function checkpointsOf({ folder }: Pick<OpenRun, 'folder'>): number[] {
  return folder.iterations.flatMap(({ iteration, checkpoint }) => (checkpoint === undefined ? [] : [iteration]));
}

function isToken(place: Place): place is TokenPlace {
  return [place.iteration, place.negotiation, place.turn, place.token].every((number) => number !== undefined);
}

function nothing(place: Place, problem: string | null): DistributionsView {
  return { place, choices: [], policies: [], isExact: false, said: null, problem };
}
