import type { CursorMove } from '../transcript/cursor';

/** What a key does in the inspector. */
export type InspectorAction =
  | { readonly kind: 'move'; readonly move: CursorMove }
  | { readonly kind: 'step'; readonly by: 'negotiation' | 'iteration'; readonly delta: 1 | -1 }
  | { readonly kind: 'difference'; readonly delta: 1 | -1 }
  | { readonly kind: 'prompt' | 'says' | 'fork' | 'colour' | 'compare' | 'addColumn' | 'follow' | 'keys' | 'close' };

/** A key, what it does, and what `?` says about it. */
interface Binding {
  readonly keys: readonly string[];
  readonly action: InspectorAction;
  readonly says: string;
}

/** Every key of the inspector, in the order in which they are shown. */
export const BINDINGS: readonly Binding[] = [
  { keys: ['ArrowRight'], action: { kind: 'move', move: 'nextToken' }, says: 'next token' },
  { keys: ['ArrowLeft'], action: { kind: 'move', move: 'previousToken' }, says: 'previous token' },
  { keys: ['Home'], action: { kind: 'move', move: 'firstToken' }, says: 'first token of the turn' },
  { keys: ['End'], action: { kind: 'move', move: 'lastToken' }, says: 'last token of the turn' },
  { keys: ['j', 'ArrowDown'], action: { kind: 'move', move: 'nextTurn' }, says: 'next turn' },
  { keys: ['k', 'ArrowUp'], action: { kind: 'move', move: 'previousTurn' }, says: 'previous turn' },
  { keys: ['n'], action: { kind: 'move', move: 'nextRound' }, says: 'next round' },
  { keys: ['p'], action: { kind: 'move', move: 'previousRound' }, says: 'start of the round, previous round' },
  { keys: ['l'], action: { kind: 'step', by: 'negotiation', delta: 1 }, says: 'next negotiation' },
  { keys: ['h'], action: { kind: 'step', by: 'negotiation', delta: -1 }, says: 'previous negotiation' },
  { keys: [']'], action: { kind: 'step', by: 'iteration', delta: 1 }, says: 'same negotiation, next iteration' },
  { keys: ['['], action: { kind: 'step', by: 'iteration', delta: -1 }, says: 'same negotiation, previous iteration' },
  { keys: ['r'], action: { kind: 'prompt' }, says: 'show or hide what was read before the turn' },
  { keys: ['w'], action: { kind: 'says' }, says: 'what would they say in place of the token?' },
  { keys: ['g'], action: { kind: 'fork' }, says: 'go on otherwise from the turn: fork here' },
  { keys: ['c'], action: { kind: 'colour' }, says: 'colour by the next measure' },
  { keys: ['b'], action: { kind: 'compare' }, says: 'other columns beside' },
  { keys: ['a'], action: { kind: 'addColumn' }, says: 'add a column' },
  { keys: ['d'], action: { kind: 'difference', delta: 1 }, says: 'next difference between columns' },
  { keys: ['D'], action: { kind: 'difference', delta: -1 }, says: 'previous difference' },
  { keys: ['f'], action: { kind: 'follow' }, says: 'follow the newest iteration' },
  { keys: ['?'], action: { kind: 'keys' }, says: 'these keys' },
  { keys: ['Escape'], action: { kind: 'close' }, says: 'close this, the token’s card, or the match-ups' },
];

const ACTIONS = new Map(BINDINGS.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const)));

/** The action of a key press; null where the key belongs to something else (a field, a modifier). */
export function inspectorAction(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'target'>): InspectorAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const action = ACTIONS.get(event.key) ?? null;
  if (action === null || !ownsKeys(event.target, event.key)) return action;
  return null;
}

/** Whether the element under the focus uses the key itself. */
function ownsKeys(target: EventTarget | null, key: string): boolean {
  const name = (target as { readonly localName?: string } | null)?.localName ?? '';
  if (key === 'Escape') return false;
  if (name === 'input' || name === 'textarea' || name === 'vscode-text-field') return true;
  // A drop-down moves by arrows and takes letters for type-ahead.
  if (name === 'vscode-dropdown' || name === 'select') return true;
  return name === 'pre' && key.startsWith('Arrow');
}
