import type { Progress } from '../protocol/trainer';
import { Emitter } from './emitter';
import { Preview } from './preview';
import type { TrainerHandle } from './trainerHandle';

/** A run that a trainer of this window is at work on: its process, where it stands, and the iteration under way. */
export class ActiveRun {
  progress: Progress | null = null;
  preview: Preview | null = null;
  readonly #changed = new Emitter<'progress' | 'preview'>();
  readonly #committed = new Emitter<number>();
  readonly onChanged = this.#changed.on;
  /** An iteration is in the journal; read it from the folder. */
  readonly onCommitted = this.#committed.on;

  constructor(readonly handle: TrainerHandle) {
    handle.onProgress((progress) => {
      this.progress = progress;
      this.#changed.fire('progress');
    });
    handle.onPreview((turns) => {
      for (const turn of turns) {
        if (this.preview === null || turn.iteration > this.preview.iteration) this.preview = new Preview(turn.iteration);
        // Turns that arrive after their iteration was committed are in the folder already.
        if (turn.iteration === this.preview.iteration) this.preview.add([turn]);
      }
      this.#changed.fire('preview');
    });
    handle.onCommitted(({ iteration }) => this.#committed.fire(iteration));
  }

  /** Forgets the preview of what is committed by now. */
  dropPreview(committed: number): void {
    if (this.preview !== null && this.preview.iteration <= committed) this.preview = null;
  }
}
