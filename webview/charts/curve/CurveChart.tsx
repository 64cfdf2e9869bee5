import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type ChartChoice, ChartFrame } from '../Frame';
import { fileName } from '../fileName';
import { curveCsv, valueAt } from './csv';
import { drawCurve } from './drawing';
import { type CurveLayout, type CurveSeries, type CurveSpec, layoutCurve } from './layout';
import { between, scaled, zoom } from './zoom';

/** A measure over training: hover or arrow keys read it, a click or Enter goes to that iteration, dragging or + and − zoom. */
export function CurveChart(props: {
  readonly title: string;
  readonly choice?: ChartChoice;
  readonly series: readonly CurveSeries[];
  readonly iterations: number;
  readonly range?: readonly [number, number];
  readonly format: (value: number) => string;
  readonly selected: number | null;
  readonly onSelect: (iteration: number) => void;
  readonly empty: string;
}): VNode {
  const { title, series, iterations, range, format, selected, onSelect } = props;
  const [hovered, setHovered] = useState<number | null>(null);
  /** Where a drag began, once it is one. */
  const [dragFrom, setDragFrom] = useState<number | null>(null);
  const domain = zoom.value;
  const layoutOnce = useLastLayout();
  const values = hovered === null ? [] : series.map((one) => ({ ...one, value: valueAt(one.points)(hovered) }));
  const readout =
    hovered === null
      ? domain === null
        ? ''
        : `iterations ${domain[0]} – ${domain[1]} · 0 shows all`
      : [`iteration ${hovered}`, ...values.flatMap((one) => reading(one, hovered, format))].join(' · ');
  const last = Math.max(1, ...series.map(({ points }) => points.at(-1)?.iteration ?? 0));
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = hovered ?? selected ?? last;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from + 10, PageDown: from - 10, Home: 1, End: last }[event.key];
    if (to !== undefined) setHovered(Math.max(1, Math.min(last, to)));
    else if (event.key === 'Enter' || event.key === ' ') onSelect(from);
    else if (event.key === '+' || event.key === '-') zoom.value = scaled(domain ?? [1, last], from, event.key === '+' ? 0.5 : 2, last);
    else if (event.key === '0' || (event.key === 'Escape' && domain !== null)) zoom.value = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ChartFrame
      title={title}
      readout={readout}
      file={fileName(title)}
      csv={() => curveCsv(series)}
      {...(props.choice === undefined ? {} : { choice: props.choice })}
    >
      {(width, height) => {
        const layout = layoutOnce({
          series,
          width,
          height,
          iterations,
          format,
          ...(range === undefined ? {} : { range }),
          ...(domain === null ? {} : { domain }),
        });
        if (layout === null) return { drawing: null, view: <p class="chart-empty dim">{props.empty}</p> };
        const drawing = drawCurve(layout, {
          selected,
          hovered: hovered === null ? null : { iteration: hovered, values },
          dragged: dragFrom === null || hovered === null ? null : [dragFrom, hovered],
        });
        const under = (event: PointerEvent | MouseEvent): number =>
          Math.min(last, layout.iterationAt(event.clientX - (event.currentTarget as Element).getBoundingClientRect().left));
        const view = (
          <div
            class="chart-canvas"
            role="slider"
            tabIndex={0}
            aria-label={`${title}, by iteration`}
            aria-valuemin={1}
            aria-valuemax={last}
            aria-valuenow={hovered ?? selected ?? last}
            aria-valuetext={readout || layout.lines.flatMap(({ end }) => (end.text === '' ? [] : end.text)).join(', ')}
            onPointerMove={(event) => setHovered(under(event))}
            onPointerDown={(event) => {
              if (event.button === 0) setDragFrom(under(event));
            }}
            onPointerLeave={() => {
              setHovered(null);
              setDragFrom(null);
            }}
            onDblClick={() => {
              zoom.value = null;
            }}
            onBlur={() => setHovered(null)}
            onClick={(event) => {
              const to = under(event);
              const chosen = dragFrom === null ? null : between(dragFrom, to);
              setDragFrom(null);
              if (chosen === null) onSelect(to);
              else zoom.value = chosen;
            }}
            onKeyDown={onKeyDown}
          >
            {drawing}
          </div>
        );
        return { drawing, view };
      }}
    </ChartFrame>
  );
}

/** Lays out anew only what differs from the last time: the pointer moves over thousands of points. */
function useLastLayout(): (spec: CurveSpec) => CurveLayout | null {
  const last = useRef<{ readonly spec: CurveSpec; readonly layout: CurveLayout | null } | null>(null);
  return (spec) => {
    const known = last.current;
    const same =
      known !== null &&
      known.spec.series === spec.series &&
      known.spec.width === spec.width &&
      known.spec.height === spec.height &&
      known.spec.iterations === spec.iterations &&
      known.spec.domain === spec.domain &&
      known.spec.range === spec.range;
    if (same) return known.layout;
    const layout = layoutCurve(spec);
    last.current = { spec, layout };
    return layout;
  };
}

/** What a series says at an iteration, with its interval where it has one. */
function reading(
  { label, value, band, points }: CurveSeries & { readonly value: number | null },
  iteration: number,
  format: (value: number) => string,
): string[] {
  const near = band?.findLast((point) => point.iteration <= iteration);
  const interval = near === undefined ? '' : `${format(near.low)} to ${format(near.high)}`;
  if (points.length === 0) return near === undefined ? [] : [`${label} ${interval}`];
  return [`${label} ${value === null ? '–' : format(value)}${interval === '' || value === null ? '' : ` (${interval})`}`];
}
