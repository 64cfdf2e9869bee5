import { signal } from '@preact/signals';
import type { Place, SentPromptView } from '../../../src/protocol/webview';
import { channel } from '../../state';

/** Prompts as they were sent, of the turns for which the reader asked, by place; `waiting` until they are here. */
export const sentPrompts = signal<ReadonlyMap<string, SentPromptView | 'waiting'>>(new Map());

/** Prompts that are held; who steps through a run leaves them behind. */
const HELD = 50;

/** A turn's key in `sentPrompts`. */
export function sentKey({ run, iteration, negotiation, branch }: Place, turn: number): string {
  return JSON.stringify([run, iteration, negotiation, branch ?? 0, turn]);
}

/** Asks for the prompt that was sent for a turn, or puts it away. */
export function toggleSent(place: Place, turn: number): void {
  const key = sentKey(place, turn);
  if (sentPrompts.value.has(key)) {
    sentPrompts.value = new Map([...sentPrompts.value].filter(([other]) => other !== key));
    return;
  }
  put(key, 'waiting');
  const { run, iteration, negotiation, branch } = place;
  channel()
    .request('sentPrompt', { run, iteration, negotiation, turn, ...(branch === undefined ? {} : { branch }) })
    .catch((error: unknown): SentPromptView => ({ sent: null, problem: error instanceof Error ? error.message : String(error) }))
    .then((view) => {
      // Put away again in the meantime.
      if (sentPrompts.value.has(key)) put(key, view);
    });
}

function put(key: string, view: SentPromptView | 'waiting'): void {
  sentPrompts.value = new Map([...sentPrompts.value, [key, view] as const].slice(-HELD));
}
