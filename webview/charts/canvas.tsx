import type { ComponentChildren, VNode } from 'preact';

/** The SVG element that a chart is drawn into, in CSS pixels. Screen readers skip it: what the chart is, the element around it says. */
export function canvas({ width, height }: { readonly width: number; readonly height: number }, drawing: ComponentChildren): VNode {
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      aria-hidden="true"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      font-size="10"
    >
      {drawing}
    </svg>
  );
}
