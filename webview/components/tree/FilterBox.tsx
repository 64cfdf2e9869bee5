import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { type Completion, completeFilter } from '../../../src/domain/filter';
import type { FilterView } from '../../../src/protocol/webview';
import { savedState, saveState } from '../../channel';
import { channel } from '../../state';
import { Button, TextField } from '../controls';
import { grouped } from '../numbers';

const text = signal(savedState().filter ?? '');
const view = signal<FilterView | null>(null);
const options = signal<{ readonly from: number; readonly list: readonly Completion[]; readonly chosen: number }>({
  from: 0,
  list: [],
  chosen: 0,
});

/** How long typing has to rest before the host is asked, in milliseconds. */
const REST = 200;
/** Completions that are shown; more would cover the tree. */
const SHOWN = 8;
const LIST_ID = 'filter-completions';

const box = signal<HTMLElement | null>(null);

/** Puts the keyboard into the filter. */
export function focusFilter(): void {
  box.peek()?.focus();
}

/** The filter of the tree: an expression over whole runs, completed as it is typed, evaluated by the host. */
export function FilterBox(): VNode {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const ask = (expression: string, rest = REST): void => {
    text.value = expression;
    saveState({ filter: expression });
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      channel()
        .request('filter', { expression })
        .then((answer) => {
          view.value = answer;
        })
        .catch(() => undefined);
    }, rest);
  };
  useLayoutEffect(() => {
    const off = channel().on('filter', (event) => {
      view.value = event;
    });
    box.value = field.current;
    // What was kept from before the page was reloaded.
    if (text.value !== '') ask(text.value, 0);
    return () => {
      off();
      clearTimeout(timer.current);
    };
  }, []);

  const caret = (): number => inner(field.current)?.selectionStart ?? text.value.length;
  const suggest = (): void => {
    const { from, options: list } = completeFilter(text.value, caret());
    options.value = { from, list: list.slice(0, SHOWN), chosen: 0 };
  };
  const close = (): void => {
    options.value = { from: 0, list: [], chosen: 0 };
  };
  const take = (index: number): void => {
    const { from, list } = options.value;
    const chosen = list[index];
    if (chosen === undefined) return;
    const before = `${text.value.slice(0, from)}${chosen.text}${/[\w"]$/.test(chosen.text) && !chosen.text.endsWith('("') ? ' ' : ''}`;
    const after = text.value.slice(caret());
    const place = (): void => {
      const element = inner(field.current);
      element?.focus();
      element?.setSelectionRange(before.length, before.length);
    };
    ask(before + after);
    close();
    // At once, so that the next key meets the new text; and again once the component has rendered it, unless somebody typed on.
    const element = inner(field.current);
    if (element) element.value = before + after;
    place();
    requestAnimationFrame(() => {
      if (text.value !== before + after) return;
      place();
      suggest();
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { list, chosen } = options.value;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (list.length === 0) suggest();
      else options.value = { ...options.value, chosen: (chosen + (event.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length };
    } else if ((event.key === 'Enter' || event.key === 'Tab') && list.length > 0) take(chosen);
    else if (event.key === 'Enter') ask(text.value, 0);
    else if (event.key === 'Escape' && list.length > 0) close();
    else if (event.key === 'Escape' && text.value !== '') ask('', 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const { list, chosen } = options.value;
  const problem = view.value?.expression === text.value ? view.value.problem : null;
  return (
    <div class="filter">
      <div class="filter-field">
        <TextField
          value={text.value}
          label="Filter negotiations"
          placeholder="Filter: reward > 2 and not invalid"
          field={field}
          invalid={problem !== null}
          onInput={(value) => {
            ask(value);
            suggest();
          }}
          onKeyDown={onKeyDown}
          onBlur={close}
        />
        {text.value !== '' && (
          <Button kind="icon" label="Clear the filter" onClick={() => ask('', 0)}>
            <span aria-hidden="true">×</span>
          </Button>
        )}
      </div>
      {/* The field lies in a shadow, from where it cannot point at the list. */}
      <span class="visually-hidden" role="status">
        {list[chosen] === undefined ? '' : `${list[chosen].text}, ${list[chosen].meaning}, ${chosen + 1} of ${list.length}`}
      </span>
      {list.length > 0 && (
        <div id={LIST_ID} class="completions" role="listbox" aria-label="Completions">
          {list.map((option, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and takes the keys.
            <div
              key={option.text}
              class={index === chosen ? 'completion chosen' : 'completion'}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              // The field keeps the focus.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(index)}
            >
              <span class="mono">{option.text}</span> <span class="dim">{option.meaning}</span>
            </div>
          ))}
        </div>
      )}
      <p class={problem === null ? 'filter-status dim' : 'filter-status problem'} role="status">
        {problem === null ? statusOf(view.value, text.value) : `⚠ at ${problem.at + 1}: ${problem.message}`}
      </p>
    </div>
  );
}

/** How many pass, and how far the search is where it has to read what was said. */
function statusOf(state: FilterView | null, expression: string): string {
  if (state === null || expression.trim() === '' || state.expression !== expression) return '';
  const found = `${grouped(state.matches)} of ${grouped(state.total)} negotiations`;
  return state.looked < state.total ? `${found} · ${grouped(state.looked)} read` : found;
}

/** The toolkit's text field keeps its real input in its shadow. */
function inner(field: HTMLElement | null): HTMLInputElement | null {
  return field?.shadowRoot?.querySelector('input') ?? null;
}
