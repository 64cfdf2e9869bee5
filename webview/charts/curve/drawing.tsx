import type { VNode } from 'preact';
import { canvas } from '../canvas';
import type { CurveLayout } from './layout';

/** What is marked in a curve chart: the selected iteration, and the one under the pointer with its values. */
export interface CurveMarks {
  readonly selected: number | null;
  /** Iterations between which the pointer is dragging a zoom. */
  readonly dragged?: readonly [number, number] | null;
  readonly hovered: {
    readonly iteration: number;
    readonly values: readonly { readonly colour: string; readonly value: number | null }[];
  } | null;
}

/** Draws a curve chart as plain SVG elements. */
export function drawCurve(layout: CurveLayout, marks: CurveMarks): VNode {
  const { plot } = layout;
  const rule = (iteration: number, dash: string): VNode => (
    <line x1={layout.x(iteration)} x2={layout.x(iteration)} y1={plot.top} y2={plot.bottom} stroke="var(--dim)" stroke-dasharray={dash} />
  );
  return canvas(
    layout,
    <>
      {layout.yTicks.map(({ y, text }) => (
        <g key={text}>
          <line x1={plot.left} x2={plot.right} y1={y} y2={y} stroke="var(--grid)" />
          <text x={plot.left - 6} y={y + 3.5} text-anchor="end" fill="var(--dim)">
            {text}
          </text>
        </g>
      ))}
      {layout.xTicks.map(({ x, text, anchor }) => (
        <text key={anchor} x={x} y={plot.bottom + 14} text-anchor={anchor} fill="var(--dim)">
          {text}
        </text>
      ))}
      {marks.dragged !== null && marks.dragged !== undefined && (
        <rect
          x={Math.min(...marks.dragged.map(layout.x))}
          width={Math.abs(layout.x(marks.dragged[1]) - layout.x(marks.dragged[0]))}
          y={plot.top}
          height={plot.bottom - plot.top}
          fill="var(--grid)"
        />
      )}
      {marks.selected !== null &&
        layout.x(marks.selected) >= plot.left &&
        layout.x(marks.selected) <= plot.right &&
        rule(marks.selected, '2 2')}
      {layout.lines.map(({ id, colour, band }) => (band === null ? null : <path key={id} d={band} fill={colour} fill-opacity="0.2" />))}
      {layout.lines.map(({ id, colour, dash, band, member, raw, smooth, end }) => (
        <g key={id}>
          {(smooth === null || band === null) && (
            <path
              d={member && smooth !== null ? smooth : raw}
              fill="none"
              stroke={colour}
              stroke-width={smooth === null && !member ? 1.6 : 1}
              stroke-dasharray={smooth === null || member ? dash : undefined}
              opacity={member ? 0.75 : smooth === null ? 1 : 0.35}
            />
          )}
          {smooth !== null && !member && <path d={smooth} fill="none" stroke={colour} stroke-width={1.8} stroke-dasharray={dash} />}
          {!member && (
            <>
              <circle cx={end.x} cy={end.y} r={2.5} fill={colour} />
              <text x={end.x + 6} y={end.labelY + 3.5} fill={colour} font-weight="600">
                {end.text}
              </text>
            </>
          )}
        </g>
      ))}
      {marks.hovered !== null && (
        <g>
          {rule(marks.hovered.iteration, '')}
          {marks.hovered.values.map(({ colour, value }) =>
            value === null ? null : (
              <circle
                key={colour}
                cx={layout.x(marks.hovered!.iteration)}
                cy={layout.y(value)}
                r={3}
                fill={colour}
                stroke="var(--vscode-editor-background)"
              />
            ),
          )}
        </g>
      )}
    </>,
  );
}
