import type { Place, SentPromptView } from '../protocol/webview';
import type { InferenceProcess } from './inferenceProcess';
import { messageOf } from './problem';
import type { RunStore } from './runStore';

/** Prompts that are kept, by place; more than a reader opens at once. */
const KEPT = 100;

/** The prompts that were really sent, chat template included: written out by the inference process, and kept. */
export class SentPrompts {
  /** Least recently used first. */
  readonly #known = new Map<string, Promise<SentPromptView>>();

  constructor(
    private readonly store: RunStore,
    private readonly inference: Pick<InferenceProcess, 'perform'>,
    /** Whether a process may be started. */
    private readonly mayCompute: () => boolean,
  ) {}

  /** The prompt of a turn. Never throws: what is wrong is in the answer. */
  async of({ run, iteration, negotiation, branch, turn }: Place): Promise<SentPromptView> {
    const open = this.store.get(run);
    if (open === undefined || iteration === undefined || negotiation === undefined || turn === undefined)
      return refused('No turn of an open run is chosen');
    if (open.folder.played !== null || open.file === null) return refused('Only the prompts of runs can be written out');
    if (open.folder.iteration(iteration)?.rollouts === undefined)
      return refused('This negotiation is under way: its tokens are not on record yet');
    const key = JSON.stringify([open.folder.path, iteration, negotiation, branch ?? 0, turn]);
    const known = this.#known.get(key);
    this.#known.delete(key);
    if (known === undefined && !this.mayCompute())
      return refused('Writing prompts out starts a process, which needs a trusted workspace: Manage Workspace Trust');
    const params = { folder: open.folder.path, iteration, negotiation, turn, ...(branch === undefined ? {} : { branch }) };
    const answer =
      known ??
      this.inference.perform('sentPrompt', params).then(
        (sent): SentPromptView => ({ sent, problem: null }),
        (error: unknown) => refused(messageOf(error)),
      );
    this.#known.set(key, answer);
    for (const old of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(old);
    }
    const view = await answer;
    if (view.problem !== null) this.#known.delete(key);
    return view;
  }
}

function refused(problem: string): SentPromptView {
  return { sent: null, problem };
}
