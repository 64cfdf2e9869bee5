import type { VNode } from 'preact';
import { canvas } from '../canvas';
import type { ProfileLayout } from './layout';

/** Draws a profile chart as plain SVG elements; dashes are the reference strategy. */
export function drawProfile(layout: ProfileLayout): VNode {
  const { plot } = layout;
  const hatch = [...new Set(layout.bars.filter((bar) => bar.hatched).map((bar) => bar.colour))];
  return canvas(
    layout,
    <>
      <defs>
        {hatch.map((colour, index) => (
          <pattern key={colour} id={`hatch-${index}`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="5" height="5" fill={colour} opacity="0.45" />
            <rect width="2.2" height="5" fill={colour} />
          </pattern>
        ))}
      </defs>
      {layout.yTicks.map(({ y, text }) => (
        <g key={text}>
          <line x1={plot.left} x2={plot.right} y1={y} y2={y} stroke="var(--grid)" />
          <text x={plot.left - 6} y={y + 3.5} text-anchor="end" fill="var(--dim)">
            {text}
          </text>
        </g>
      ))}
      {layout.bars.map(({ id, situation, x, width, y, height, colour, hatched, value }) =>
        value === null ? (
          <text key={`${id}${situation}`} x={x + width / 2} y={plot.bottom - 4} text-anchor="middle" fill={colour}>
            ?
          </text>
        ) : (
          <g key={`${id}${situation}`}>
            <rect x={x} y={y} width={width} height={height} fill={hatched ? `url(#hatch-${hatch.indexOf(colour)})` : colour} />
            <title>{`${id}: P(cooperate | ${situation}) = ${value.toFixed(2)}`}</title>
          </g>
        ),
      )}
      {layout.situations.map(({ name, x, left, right, referenceY }) => (
        <g key={name}>
          <line
            x1={left}
            x2={right}
            y1={referenceY}
            y2={referenceY}
            stroke="var(--vscode-foreground)"
            stroke-width="1.5"
            stroke-dasharray="3 2"
          />
          <text x={x} y={plot.bottom + 14} text-anchor="middle" fill="var(--dim)">
            {name}
          </text>
        </g>
      ))}
    </>,
  );
}
