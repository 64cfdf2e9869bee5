import type { TurnView } from '../../../src/protocol/webview';
import { choose, counterparts, negotiation } from '../../state';
import { pointed } from '../tokens/TokenCard';

/** A token on the screen and what it belongs to. */
interface TokenAt {
  readonly element: Element;
  readonly turn: TurnView;
  readonly token: number;
  /** The turn of the negotiation in view at the same step; differs from `turn` in a comparison's other columns. */
  readonly step: TurnView | undefined;
}

/**
 * Hover, focus and click on tokens, listened to once for the whole transcript: a long one has thousands of them.
 * @returns a function that stops listening
 */
export function listenToTokens(scroller: HTMLElement): () => void {
  const stop = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(name: K, listener: (event: HTMLElementEventMap[K]) => void): void =>
    scroller.addEventListener(name, listener, { signal: stop.signal });
  const show = (event: Event, by: 'pointer' | 'keyboard'): void => {
    const at = tokenAt(event.target);
    // For the context menu: the commands of a turn are told the token, too.
    if (at?.element instanceof HTMLElement) at.element.dataset.vscodeContext ??= JSON.stringify({ token: at.token });
    if (at !== null) pointed.value = { turn: at.turn, token: at.token, at: at.element.getBoundingClientRect(), by };
  };
  const hide = (by: 'pointer' | 'keyboard') => (): void => {
    if (pointed.peek()?.by === by) pointed.value = null;
  };
  on('pointerover', (event) => (tokenAt(event.target) === null ? hide('pointer')() : show(event, 'pointer')));
  on('pointerleave', hide('pointer'));
  on('focusin', (event) => show(event, 'keyboard'));
  on('focusout', hide('keyboard'));
  // The card would stay behind.
  on('scroll', hide('pointer'));
  on('click', (event) => {
    const at = tokenAt(event.target);
    const here = negotiation.peek();
    if (at?.step !== undefined && here !== null) {
      void choose({ ...here.place, round: at.step.round, turn: at.step.turn, token: at.token });
    }
  });
  return () => {
    stop.abort();
    pointed.value = null;
  };
}

function tokenAt(target: EventTarget | null): TokenAt | null {
  const element = target instanceof Element ? target.closest<HTMLElement>('[data-token]') : null;
  const cell = element?.closest<HTMLElement>('[data-own]');
  if (element === null || cell === null || cell === undefined) return null;
  const column = Number(cell.dataset.column);
  const view = column > 0 ? counterparts.peek()[column - 1] : negotiation.peek();
  const turn = view?.turns[Number(cell.dataset.own)];
  if (turn === undefined) return null;
  return { element, turn, token: Number(element.dataset.token), step: negotiation.peek()?.turns[Number(cell.dataset.turn)] };
}
