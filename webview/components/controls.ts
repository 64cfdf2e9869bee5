import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type ComponentChildren, h, type RefObject, type VNode } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/**
 * The only module that knows the (archived) VS Code webview toolkit: everything else uses these components,
 * so that replacing it means rewriting this file.
 */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeDropdown(), vsCodeOption(), vsCodeTextField());
  // The toolkit reads colours again when the body's class changes, which two themes of one kind don't make it do.
  new MutationObserver(() => document.body.classList.toggle('theme-changed')).observe(document.body, {
    attributes: true,
    attributeFilter: ['data-vscode-theme-id'],
  });
}

/** A push button. */
export function Button(props: {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  readonly kind?: 'primary' | 'secondary' | 'icon';
  readonly label?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
}): VNode {
  return element(
    'vscode-button',
    {
      appearance: props.kind ?? 'secondary',
      disabled: props.disabled ?? false,
      ...(props.label === undefined ? {} : { 'aria-label': props.label, title: props.label }),
      ...(props.pressed === undefined ? {} : { 'aria-pressed': String(props.pressed), class: props.pressed ? 'pressed' : '' }),
      onClick: props.onClick,
    },
    props.children,
  );
}

/** A check box with its text. */
export function Checkbox(props: {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ComponentChildren;
  readonly title?: string;
}): VNode {
  return element(
    'vscode-checkbox',
    {
      checked: props.checked,
      title: props.title,
      onChange: (event: Event) => {
        const checked = (event.currentTarget as HTMLInputElement).checked;
        // The toolkit reports its own property writes as changes, too.
        if (checked !== props.checked) props.onChange(checked);
      },
    },
    props.children,
  );
}

/** A choice among a few named values. */
export function Dropdown<T extends string>(props: {
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly label: string;
  readonly title?: string;
  readonly field?: RefObject<HTMLElement | null>;
  readonly onChange: (value: T) => void;
}): VNode {
  return element(
    'vscode-dropdown',
    {
      'aria-label': props.label,
      ref: props.field,
      ...(props.title === undefined ? {} : { title: props.title }),
      value: props.value,
      onChange: (event: Event) => {
        const { value } = event.currentTarget as HTMLSelectElement;
        if (value !== props.value) props.onChange(value as T);
      },
    },
    props.options.map((option) =>
      element('vscode-option', { key: option.value, value: option.value, selected: option.value === props.value }, option.label),
    ),
  );
}

/** One line of text. */
export function TextField(props: {
  readonly value: string;
  readonly label: string;
  readonly placeholder: string;
  readonly onInput: (value: string) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly onBlur?: () => void;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly invalid?: boolean;
}): VNode {
  // The toolkit puts a name of its own in place of ours once the element is in the page.
  useLayoutEffect(() => props.field.current?.setAttribute('aria-label', props.label), [props.field, props.label]);
  return element('vscode-text-field', {
    value: props.value,
    'aria-label': props.label,
    placeholder: props.placeholder,
    class: props.invalid ? 'invalid' : '',
    ref: props.field,
    spellcheck: false,
    onInput: (event: Event) => props.onInput((event.currentTarget as HTMLInputElement).value),
    onKeyDown: props.onKeyDown,
    onBlur: props.onBlur,
  });
}

/** A toolkit element; preact has no types for custom ones. */
function element(tag: string, props: Record<string, unknown>, children?: ComponentChildren): VNode {
  return h(tag, props, children) as VNode;
}
