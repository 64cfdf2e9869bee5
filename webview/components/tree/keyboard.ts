import type { TreeRow } from '../../../src/protocol/webview';

/** What a key means in the tree (WAI-ARIA tree view pattern). */
export type TreeAction =
  | { readonly kind: 'move'; readonly to: number }
  | { readonly kind: 'toggle'; readonly expanded: boolean }
  | { readonly kind: 'open' }
  | { readonly kind: 'select' }
  /** To the box or the choice above the tree, or the list the other way round. */
  | { readonly kind: 'filter' | 'sort' | 'reverse' };

/** The tree's own keys besides those of every tree, as `?` shows them. */
export const TREE_KEYS = [
  { key: '/', action: { kind: 'filter' }, says: 'to the filter' },
  { key: 's', action: { kind: 'sort' }, says: 'sort by a measure' },
  { key: 'v', action: { kind: 'reverse' }, says: 'sort the other way round' },
] as const satisfies readonly { readonly key: string; readonly action: TreeAction; readonly says: string }[];

/**
 * The action of a key.
 * @param row the active row, undefined while it is loading.
 * @param page rows that fit the viewport.
 */
export function treeAction(key: string, active: number, row: TreeRow | undefined, total: number, page: number): TreeAction | null {
  const move = (to: number): TreeAction | null => {
    const index = Math.max(0, Math.min(total - 1, to));
    return total === 0 || index === active ? null : { kind: 'move', to: index };
  };
  switch (key) {
    case 'ArrowDown':
      return move(active + 1);
    case 'ArrowUp':
      return move(active - 1);
    case 'Home':
      return move(0);
    case 'End':
      return move(total - 1);
    case 'PageDown':
      return move(active + Math.max(1, page - 1));
    case 'PageUp':
      return move(active - Math.max(1, page - 1));
    case 'ArrowRight':
      if (row?.expandable !== true) return null;
      return row.expanded ? move(active + 1) : { kind: 'toggle', expanded: true };
    case 'ArrowLeft':
      if (row === undefined) return null;
      if (row.expandable && row.expanded) return { kind: 'toggle', expanded: false };
      return row.parent < 0 ? null : move(row.parent);
    case 'Enter':
      return row === undefined ? null : { kind: 'open' };
    case ' ':
      return row === undefined ? null : { kind: 'select' };
    default:
      return TREE_KEYS.find((one) => one.key === key)?.action ?? null;
  }
}
