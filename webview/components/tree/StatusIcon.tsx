import type { VNode } from 'preact';
import type { RunStatus } from '../../../src/protocol/webview';

/** Status in words. */
export const STATUS_TEXT: Readonly<Record<RunStatus, string>> = {
  live: 'training',
  stopped: 'stopped',
  finished: 'finished',
  broken: 'has a problem',
};

/** A run's status by shape and colour: dot, square, tick, warning triangle. */
export function StatusIcon({ status }: { readonly status: RunStatus }): VNode {
  return (
    <svg class={`status ${status}`} viewBox="0 0 16 16" width="14" height="14" role="img" aria-label={STATUS_TEXT[status]}>
      <title>{STATUS_TEXT[status]}</title>
      {SHAPES[status]}
    </svg>
  );
}

/** A run that has not begun: a circle of dots. Its detail says so in words. */
export function WaitingIcon(): VNode {
  return (
    <svg class="status waiting" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="1.6 2.4" />
    </svg>
  );
}

const SHAPES: Readonly<Record<RunStatus, VNode>> = {
  live: (
    <>
      <circle cx="8" cy="8" r="3.2" fill="currentColor" />
      <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1" opacity=".55" />
    </>
  ),
  stopped: <rect x="4.5" y="4.5" width="7" height="7" rx="1" fill="none" stroke="currentColor" stroke-width="1.4" />,
  finished: <path d="M3.5 8.5l3 3 6-7" fill="none" stroke="currentColor" stroke-width="1.6" />,
  broken: (
    <>
      <path d="M8 2.2L14.2 13H1.8z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round" />
      <path d="M8 6.2v3.4M8 10.6v1.3" stroke="currentColor" stroke-width="1.4" />
    </>
  ),
};
