import { useSignalEffect } from '@preact/signals';
import { elementScroll, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { VNode } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import type { TreeRow } from '../../../src/protocol/webview';
import { channel, choose, disconnected, following, hydrated, runs, yieldToReader } from '../../state';
import { EmptyTree } from './EmptyTree';
import { FilterBox, focusFilter } from './FilterBox';
import { treeAction } from './keyboard';
import { active, known, load, rows, selected, treeChanged, type Viewport } from './model';
import { Row, rowDomId } from './Row';
import { focusSort, reverse, SortBar } from './SortBar';
import { ScaledScroll } from './scaledScroll';
import { Toolbar } from './Toolbar';
import { covers, rowAt } from './window';

/** Height of a row in CSS pixels, VS Code's own. */
const ROW_HEIGHT = 22;

/** Rows that a click opens and closes. */
const CONTAINERS: ReadonlySet<TreeRow['kind']> = new Set(['set', 'arm', 'run', 'range', 'iteration', 'group']);

/** The side bar: every open run as one virtual tree. */
export function TreeView(): VNode {
  if (disconnected.value !== null) {
    return (
      <p class="notice problem" role="alert">
        Parley’s host is gone ({disconnected.value}). Reload the window to reconnect.
      </p>
    );
  }
  // Not by the rows: a filter that nothing passes leaves none, either.
  if (known.value && hydrated.value && rows.value.total === 0 && runs.value.length === 0) return <EmptyTree />;
  return (
    <div class="tree-view">
      <FilterBox />
      <SortBar />
      <Toolbar />
      <Tree />
      <span class="visually-hidden" aria-live="polite">
        {following.value ? 'Following the newest iteration' : ''}
      </span>
    </div>
  );
}

function Tree(): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer<number, void>((n) => n + 1, 0);
  const list = useRef<Virtualizer<HTMLDivElement, HTMLDivElement> | null>(null);
  const scaled = useRef(new ScaledScroll()).current;
  list.current ??= new Virtualizer<HTMLDivElement, HTMLDivElement>(options(0, () => scroller.current, scaled, onScroll));
  const virtual = list.current;

  function onScroll(): void {
    redraw();
    const [first, last] = viewport.visible();
    if (known.value && !covers(rows.value, first, last)) void load(viewport);
  }

  /** Puts the scroll bar where a movement of ours left it. */
  const put = (physical: number): void => {
    if (scroller.current !== null) scroller.current.scrollTop = physical;
  };
  /** As it was measured last: to ask the element would lay the page out again with every row that comes. */
  const heightNow = (): number => virtual.scrollRect?.height ?? scroller.current?.clientHeight ?? 0;
  const viewport: Viewport = {
    visible: () => {
      const height = heightNow();
      return [Math.floor(scaled.virtual / ROW_HEIGHT), Math.floor((scaled.virtual + height) / ROW_HEIGHT)];
    },
    settle: (total, shift) => {
      scaled.resize(total * ROW_HEIGHT, heightNow());
      virtual.setOptions(options(total, () => scroller.current, scaled, onScroll));
      if (spacer.current !== null) spacer.current.style.height = `${scaled.height}px`;
      if (shift !== 0) put(scaled.moveTo(scaled.virtual + shift * ROW_HEIGHT));
      virtual._willUpdate();
    },
    reveal: (index) => {
      const height = heightNow();
      if (height === 0 || index < 0) return;
      const top = index * ROW_HEIGHT;
      if (top < scaled.virtual) put(scaled.moveTo(top));
      else if (top + ROW_HEIGHT > scaled.virtual + height) put(scaled.moveTo(top + ROW_HEIGHT - height));
    },
  };

  useLayoutEffect(() => {
    const unmount = virtual._didMount();
    virtual._willUpdate();
    const off = channel().on('tree', (event) => treeChanged(viewport, event));
    return () => {
      off();
      unmount?.();
    };
  }, []);
  useSignalEffect(() => {
    rows.value;
    redraw();
  });

  const toggle = (row: TreeRow, expanded: boolean): void => {
    channel()
      .request('toggle', { id: row.id, expanded })
      .catch(() => undefined);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.floor((scroller.current?.clientHeight ?? ROW_HEIGHT) / ROW_HEIGHT);
    const row = rowAt(rows.value, active.value);
    const action = treeAction(event.key, active.value, row, rows.value.total, page);
    if (action === null) return;
    event.preventDefault();
    yieldToReader();
    if (action.kind === 'filter') focusFilter();
    else if (action.kind === 'sort') focusSort();
    else if (action.kind === 'reverse') reverse();
    else if (action.kind === 'move') {
      active.value = action.to;
      viewport.reveal(action.to);
    } else if (action.kind === 'toggle' && row !== undefined) toggle(row, action.expanded);
    else if (row !== undefined && isSomewhere(row)) void choose(row.place, action.kind === 'open');
  };
  const onClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    const index = Number((target.closest('[data-index]') as HTMLElement | null)?.dataset.index ?? -1);
    const row = rowAt(rows.value, index);
    if (row === undefined) return;
    // The tree keeps the focus; rows come and go.
    scroller.current?.focus({ preventScroll: true });
    const onTwistie = target.closest('.twistie') !== null;
    active.value = index;
    const container = CONTAINERS.has(row.kind);
    if (row.expandable && (onTwistie || container)) toggle(row, !row.expanded);
    if (!onTwistie && isSomewhere(row)) void choose(row.place, !container);
  };

  const { total } = rows.value;
  const items = virtual.getVirtualItems().filter((item) => item.index < total);
  const shown = items.some((item) => item.index === active.value) && rowAt(rows.value, active.value) !== undefined;
  return (
    <div
      ref={scroller}
      class="tree"
      role="tree"
      aria-label="Runs"
      aria-busy={!known.value}
      tabIndex={0}
      aria-activedescendant={shown ? rowDomId(active.value) : undefined}
      onClick={onClick}
      onKeyDown={onKeyDown}
      onWheel={yieldToReader}
      onTouchMove={yieldToReader}
      onPointerDown={(event) => {
        // The scroll bar belongs to the list itself.
        if (event.target === event.currentTarget) yieldToReader();
      }}
    >
      <div ref={spacer} role="presentation" class="tree-spacer" style={{ height: `${scaled.height}px` }}>
        {items.map((item) => {
          const row = rowAt(rows.value, item.index);
          return (
            <Row
              key={row?.id ?? `loading-${item.index}`}
              index={item.index}
              top={item.index * ROW_HEIGHT - scaled.offset}
              row={row}
              active={item.index === active.value}
              selected={item.index === selected.value}
            />
          );
        })}
      </div>
      {!known.value && <Loading />}
    </div>
  );
}

/** Whether a row is of a run that there is: one that has not begun, or a set without any that has, is nowhere to go. */
function isSomewhere(row: TreeRow): boolean {
  return row.kind !== 'waiting' && row.place.run !== '';
}

function Loading(): VNode {
  return (
    <div role="presentation" aria-hidden="true">
      {[60, 45, 70, 50].map((width, index) => (
        <div key={index} class="row placeholder" style={{ top: `${index * ROW_HEIGHT}px` }}>
          <span class="bone" style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}

function options(count: number, getScrollElement: () => HTMLDivElement | null, scaled: ScaledScroll, onChange: () => void) {
  return {
    count,
    getScrollElement,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset: observeScaled(scaled, onChange),
    onChange,
  };
}

/** Tells the list where in the content the scroll bar is. */
function observeScaled(scaled: ScaledScroll, changed: () => void) {
  return (list: Virtualizer<HTMLDivElement, HTMLDivElement>, tell: (offset: number, isScrolling: boolean) => void) => {
    const element = list.scrollElement;
    if (element === null) return;
    const onScroll = (): void => {
      const put = scaled.scrolled(element.scrollTop);
      if (put !== element.scrollTop) element.scrollTop = put;
      tell(scaled.virtual, false);
      changed();
    };
    tell(scaled.virtual, false);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  };
}
