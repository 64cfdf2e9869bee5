import type { RefObject, VNode } from 'preact';

/** A choice among named values that looks like the words around it; its list is the system's, which nothing on the page can cover or cut. */
export function Choice(props: {
  readonly label: string;
  readonly title?: string;
  readonly field?: RefObject<HTMLSelectElement | null>;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}): VNode {
  return (
    <select
      {...(props.field === undefined ? {} : { ref: props.field })}
      class="choice"
      aria-label={props.label}
      title={props.title ?? props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      {props.options.map(({ value, label }) => (
        <option key={value} value={value} selected={value === props.value}>
          {label}
        </option>
      ))}
    </select>
  );
}
