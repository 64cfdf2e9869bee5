import * as vscode from 'vscode';
import type { Checkpoint } from '../runs/policyCards';
import type { RunStore } from '../runs/runStore';

/** What Select for Compare chose, until its run is closed. */
export class ComparedCheckpoint {
  #chosen: Checkpoint | null = null;
  readonly #stop: () => void;

  constructor(store: RunStore) {
    this.#stop = store.onChanged(() => {
      if (this.#chosen !== null && store.get(this.#chosen.run.id) !== this.#chosen.run) this.choose(null);
    });
  }

  get chosen(): Checkpoint | null {
    return this.#chosen;
  }

  /** Chooses, and tells the menus whether there is something to compare with. */
  choose(checkpoint: Checkpoint | null): void {
    this.#chosen = checkpoint;
    void vscode.commands.executeCommand('setContext', 'parley.checkpointSelected', checkpoint !== null);
  }

  dispose(): void {
    this.#stop();
  }
}
