import type { VNode } from 'preact';
import { canvas } from '../canvas';
import type { ScatterLayout } from './layout';

/** Draws the scatter chart as plain SVG elements: discs for Alice, squares for Bob; the negotiation in view is filled. */
export function drawScatter(layout: ScatterLayout, hovered: number): VNode {
  const { plot, zeroX, zeroY, cancel } = layout;
  return canvas(
    layout,
    <>
      <line x1={plot.left} x2={plot.right} y1={zeroY} y2={zeroY} stroke="var(--dim)" stroke-width="0.7" />
      <line x1={zeroX} x2={zeroX} y1={plot.top} y2={plot.bottom} stroke="var(--dim)" stroke-width="0.7" />
      <line x1={cancel.x1} y1={cancel.y1} x2={cancel.x2} y2={cancel.y2} stroke="var(--grid)" stroke-dasharray="3 3" />
      <text x={plot.left} y={plot.bottom + 14} fill="var(--dim)">
        {layout.xEnds[0]}
      </text>
      <text x={zeroX} y={plot.bottom + 14} fill="var(--dim)" text-anchor="middle">
        own
      </text>
      <text x={plot.right} y={plot.bottom + 14} fill="var(--dim)" text-anchor="end">
        {layout.xEnds[1]}
      </text>
      <text x={plot.left - 4} y={plot.bottom} fill="var(--dim)" text-anchor="end">
        {layout.yEnds[0]}
      </text>
      <text x={plot.left - 4} y={plot.top + 7} fill="var(--dim)" text-anchor="end">
        {layout.yEnds[1]}
      </text>
      {layout.points.map((point, index) => {
        const colour = point.own + point.alignment >= 0 ? 'var(--positive)' : 'var(--negative)';
        const paint = point.here ? { fill: colour, stroke: colour } : { fill: 'none', stroke: colour, opacity: 0.6 };
        const size = index === hovered ? 5 : point.here ? 3.2 : 2.4;
        return point.seat === 0 ? (
          <circle key={index} cx={point.x} cy={point.y} r={size} {...paint} />
        ) : (
          <rect key={index} x={point.x - size} y={point.y - size} width={size * 2} height={size * 2} {...paint} />
        );
      })}
    </>,
  );
}
