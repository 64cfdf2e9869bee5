import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { AGENT_NAMES } from '../../../src/domain/seat';
import { csv } from '../csv';
import { type ChartChoice, ChartFrame } from '../Frame';
import { drawScatter } from './drawing';
import { layoutScatter, type ScatterLayout, type ScatterPoint } from './layout';

/** Own advantage against alignment term over the seed group: where the two point the same way, and where they cancel. */
export function ScatterChart({
  points,
  choice,
  onSelect,
}: {
  readonly points: readonly ScatterPoint[];
  readonly choice?: ChartChoice;
  readonly onSelect: (point: ScatterPoint) => void;
}): VNode {
  const [hovered, setHovered] = useState(-1);
  const at = points[hovered];
  const readout =
    at === undefined
      ? '○ Alice □ Bob · filled: this negotiation'
      : `negotiation ${at.negotiation}, round ${at.round + 1}, ${AGENT_NAMES[at.seat]} · own ${at.own.toFixed(2)}, alignment ${at.alignment.toFixed(2)}`.replaceAll(
          '-',
          '−',
        );
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowLeft: hovered - 1, ArrowRight: hovered + 1, Home: 0, End: points.length - 1 }[event.key];
    if (to !== undefined) setHovered(Math.max(0, Math.min(points.length - 1, to)));
    else if ((event.key === 'Enter' || event.key === ' ') && at !== undefined) onSelect(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ChartFrame
      title="Own advantage × alignment term"
      {...(choice === undefined ? {} : { choice })}
      readout={readout}
      file="alignment-against-own"
      csv={() =>
        csv(
          ['negotiation', 'round', 'agent', 'own', 'alignment'],
          points.map((p) => [p.negotiation, p.round + 1, AGENT_NAMES[p.seat], p.own, p.alignment]),
        )
      }
    >
      {(width, height) => {
        const layout = layoutScatter(points, width, height);
        if (layout === null) return { drawing: null, view: <p class="chart-empty dim">Choose a negotiation to see its seed group.</p> };
        const drawing = drawScatter(layout, hovered);
        return {
          drawing,
          view: (
            <div
              class="chart-canvas"
              role="slider"
              tabIndex={0}
              aria-label="Own advantage against alignment term, by round"
              aria-valuemin={0}
              aria-valuemax={points.length - 1}
              aria-valuenow={Math.max(0, hovered)}
              aria-valuetext={readout}
              onPointerMove={(event) => setHovered(nearest(layout, event))}
              onPointerLeave={() => setHovered(-1)}
              onBlur={() => setHovered(-1)}
              onClick={(event) => {
                const point = points[nearest(layout, event)];
                if (point !== undefined) onSelect(point);
              }}
              onKeyDown={onKeyDown}
            >
              {drawing}
            </div>
          ),
        };
      }}
    </ChartFrame>
  );
}

/** Index of the point under the pointer, −1 if none is within reach. */
function nearest(layout: ScatterLayout, event: MouseEvent): number {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const x = event.clientX - box.left;
  const y = event.clientY - box.top;
  let best = -1;
  let least = 14 ** 2;
  layout.points.forEach((point, index) => {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance < least) {
      least = distance;
      best = index;
    }
  });
  return best;
}
