import type { Place } from '../protocol/webview';
import { Emitter } from './emitter';
import type { RunStore } from './runStore';

/** Why the selection moved; views bring a row to sight for all but a reader's own step. */
export type SelectionChange = { readonly by: 'reader' | 'link' | 'following' };

/** The one selection of the window, which all views follow, and whether it moves with the newest committed iteration. */
export class Selection {
  #place: Place | null = null;
  #following = false;
  readonly #changed = new Emitter<SelectionChange>();
  readonly onChanged = this.#changed.on;

  constructor(private readonly store: RunStore) {
    store.onChanged((change) => {
      if (this.#place !== null && store.get(this.#place.run) === undefined) this.#move(null, 'following');
      if (this.#following && (change.kind === 'committed' || change.kind === 'preview')) this.#advance();
    });
  }

  get place(): Place | null {
    return this.#place;
  }

  get following(): boolean {
    return this.#following;
  }

  /** A reader chooses a place, which ends following. */
  choose(place: Place): void {
    this.#following = false;
    this.#move(this.#complete(place), 'reader');
  }

  /** A link or a command leads to a place, which ends following and opens the rows above it. */
  goTo(place: Place): void {
    this.#following = false;
    this.#move(this.#complete(place), 'link');
  }

  /** Follows a run's newest committed iteration, or no longer. */
  follow(on: boolean, run?: string): void {
    this.#following = on;
    if (on && run !== undefined && run !== this.#place?.run) this.#place = { run };
    this.#changed.fire({ by: 'following' });
    if (on) this.#advance();
  }

  #advance(): void {
    const live = this.store.runs.filter((run) => run.status === 'live');
    const run = live.find(({ id }) => id === this.#place?.run) ?? (this.#place === null ? live[0] : undefined);
    if (run === undefined) return;
    const negotiation = this.#place?.negotiation ?? 0;
    const next = run.newest(negotiation) ?? this.#firstPreview(run.id);
    if (next !== null && (next.iteration !== this.#place?.iteration || next.negotiation !== this.#place?.negotiation)) {
      this.#move(next, 'following');
    }
  }

  /** Before anything is committed, the first negotiation that has begun. */
  #firstPreview(run: string): Place | null {
    const preview = this.store.get(run)?.active?.preview;
    const group = preview?.groups()[0];
    const negotiation = group === undefined ? undefined : preview?.negotiations(group)[0];
    return preview === undefined || preview === null || negotiation === undefined
      ? null
      : this.#complete({ run, iteration: preview.iteration, negotiation });
  }

  #complete(place: Place): Place {
    return this.store.get(place.run)?.complete(place) ?? place;
  }

  #move(place: Place | null, by: SelectionChange['by']): void {
    this.#place = place;
    this.#changed.fire({ by });
  }
}
