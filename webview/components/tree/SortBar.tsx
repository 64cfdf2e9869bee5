import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { createRef } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { SORT_FIELDS } from '../../../src/domain/filter';
import type { TreeSort } from '../../../src/protocol/webview';
import { savedState, saveState } from '../../channel';
import { channel } from '../../state';
import { Button, Dropdown } from '../controls';

const UNSORTED: TreeSort = { by: null, descending: true };
const sort = signal<TreeSort>(savedState().sort ?? UNSORTED);
const choice = createRef<HTMLElement>();

/** Puts the keyboard on the choice of what to sort by. */
export function focusSort(): void {
  choice.current?.focus();
}

/** Turns the order round, if there is one. */
export function reverse(): void {
  if (sort.value.by !== null) apply({ ...sort.value, descending: !sort.value.descending });
}

function apply(next: TreeSort): void {
  sort.value = next;
  saveState({ sort: next });
  channel()
    .request('sort', next)
    .catch(() => {
      // A measure that another version knew.
      if (next.by !== null) apply(UNSORTED);
    });
}

/** By what the negotiations that pass the filter are sorted; by nothing, they stand in the tree as they were played. */
export function SortBar(): VNode {
  useLayoutEffect(() => {
    // What was kept from before the page was reloaded.
    if (sort.value.by !== null) apply(sort.value);
  }, []);
  const { by, descending } = sort.value;
  const field = SORT_FIELDS.find(({ name }) => name === by);
  return (
    <div class={by === null ? 'sort' : 'sort sorted'}>
      <span class="dim">Sort</span>
      <Dropdown
        label="Sort negotiations by"
        title={field === undefined ? 'As played (s)' : `${field.name}: ${field.meaning} (s)`}
        field={choice}
        value={by ?? ''}
        options={[{ value: '', label: 'as played' }, ...SORT_FIELDS.map(({ name }) => ({ value: name, label: name }))]}
        onChange={(name) => apply({ ...sort.value, by: name === '' ? null : name })}
      />
      {by !== null && (
        <Button kind="icon" label={descending ? 'Highest first; turn round (v)' : 'Lowest first; turn round (v)'} onClick={reverse}>
          <span class="sort-mark" aria-hidden="true">
            {descending ? '↓' : '↑'}
          </span>
        </Button>
      )}
      {by !== null && <span class="dim sort-words">{descending ? 'high first' : 'low first'}</span>}
    </div>
  );
}
