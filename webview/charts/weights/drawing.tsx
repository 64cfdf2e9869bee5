import type { VNode } from 'preact';
import { canvas } from '../canvas';
import type { WeightLayout } from './layout';

/** Draws the summands of w: the outline is the advantage as it was, the filling what the discount left of it. */
export function drawWeights(layout: WeightLayout): VNode {
  return canvas(
    layout,
    <>
      <line x1={0} x2={layout.width} y1={layout.zero} y2={layout.zero} stroke="var(--dim)" stroke-width="0.7" />
      {layout.bars.map(({ round, own, contribution, x, width, y, height, ownY, ownHeight }) => {
        const colour = own >= 0 ? 'var(--positive)' : 'var(--negative)';
        return (
          <g key={round}>
            <title>{`round ${round + 1}: own advantage ${own.toFixed(3)}, ${contribution.toFixed(3)} of it in w`}</title>
            <rect
              x={x + 0.5}
              y={ownY}
              width={Math.max(0, width - 1)}
              height={ownHeight}
              fill="none"
              stroke={colour}
              stroke-width="0.8"
              opacity="0.7"
            />
            <rect x={x} y={y} width={width} height={height} fill={colour} />
            <text x={x + width / 2} y={layout.height - 2} text-anchor="middle" fill="var(--dim)">
              {String(round + 1)}
            </text>
          </g>
        );
      })}
    </>,
  );
}
