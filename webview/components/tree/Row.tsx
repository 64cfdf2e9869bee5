import type { VNode } from 'preact';
import { AGENT_NAMES } from '../../../src/domain/seat';
import type { Algorithm } from '../../../src/protocol/runConfig';
import type { TreeRow } from '../../../src/protocol/webview';
import { seriesStyle } from '../inspector/series';
import { Sparkline } from './Sparkline';
import { StatusIcon, WaitingIcon } from './StatusIcon';

/** Width of one level of indentation. */
const INDENT = 12;

/** DOM id of the row at an index, for aria-activedescendant. */
export function rowDomId(index: number): string {
  return `row-${index}`;
}

/** One row of the tree, or the placeholder of one that is still coming. */
export function Row(props: {
  readonly index: number;
  readonly top: number;
  readonly row: TreeRow | undefined;
  readonly active: boolean;
  readonly selected: boolean;
}): VNode {
  const { index, top, row, active, selected } = props;
  if (row === undefined) {
    return (
      <div class="row placeholder" role="presentation" aria-hidden="true" style={{ top: `${top}px` }}>
        <span class="bone" />
      </div>
    );
  }
  const problem = row.kind === 'notice' || row.status === 'broken';
  const title = [row.detail === undefined ? row.label : `${row.label} · ${row.detail}`, badgeText(row)].filter(Boolean).join('\n');
  return (
    <div
      id={rowDomId(index)}
      data-index={index}
      tabIndex={-1}
      class={`row kind-${row.kind}${active ? ' active' : ''}${selected ? ' selected' : ''}${problem ? ' problem' : ''}`}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={selected}
      {...(row.expandable ? { 'aria-expanded': row.expanded } : {})}
      title={title}
      data-vscode-context={contextOf(row)}
      style={{ top: `${top}px` }}
    >
      {Array.from({ length: row.depth }, (_, level) => (
        <span key={level} class="guide" style={{ left: `${level * INDENT + 11}px` }} />
      ))}
      <span class="twistie" style={{ marginLeft: `${row.depth * INDENT}px` }}>
        {row.expandable && <Chevron open={row.expanded} />}
      </span>
      {row.kind === 'notice' && <StatusIcon status="broken" />}
      {row.kind === 'waiting' && <WaitingIcon />}
      {row.status !== undefined && <StatusIcon status={row.status} />}
      {row.algorithm !== undefined && <AlgorithmMark algorithm={row.algorithm} />}
      {row.seat !== undefined && (
        <span class={`seat seat-${row.seat}`} aria-hidden="true">
          {AGENT_NAMES[row.seat].slice(0, 1)}
        </span>
      )}
      <span class="label">{row.label}</span>
      <span class="detail">{row.detail ?? ''}</span>
      {row.spark !== undefined && row.spark.length > 1 && <Sparkline values={row.spark} />}
      {row.badgeMeaning !== undefined && <span class="visually-hidden">{row.badgeMeaning}</span>}
      {row.badge !== undefined && <span class="badge">{row.badge}</span>}
    </div>
  );
}

/** Whose row it is where runs stand among each other: the line that the charts draw the run with, and its name. */
function AlgorithmMark({ algorithm }: { readonly algorithm: Algorithm }): VNode {
  const { colour, dash, label } = seriesStyle(algorithm);
  return (
    <span class="algorithm" style={{ '--c': colour }}>
      <i class={dash === '' ? 'swatch-line' : 'swatch-line dashed'} aria-hidden="true" />
      {label}
    </span>
  );
}

function Chevron({ open }: { readonly open: boolean }): VNode {
  return (
    <svg class={open ? 'chevron open' : 'chevron'} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M6 4l4 4-4 4" fill="none" stroke="currentColor" stroke-width="1.2" />
    </svg>
  );
}

/** What the row's context menu goes by, and what its commands are given. */
function contextOf(row: TreeRow): string {
  return JSON.stringify({
    webviewSection: row.kind,
    runStatus: row.status,
    hasCheckpoint: row.checkpoint,
    set: row.set,
    forkable: row.forkable,
    askable: row.forkable,
    ...row.place,
    preventDefaultContextMenuItems: true,
  });
}

function badgeText(row: TreeRow): string {
  if (row.badge === undefined) return '';
  return row.badgeMeaning === undefined ? row.badge : `${row.badgeMeaning}: ${row.badge}`;
}
