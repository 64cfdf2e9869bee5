import type { VNode } from 'preact';
import { signed } from '../../components/numbers';
import { canvas } from '../canvas';
import type { AdvantageBin, AdvantagesLayout } from './layout';

/** Draws the histograms as plain SVG elements: bars left of the zero line are debits, bars right of it credits. */
export function drawAdvantages(layout: AdvantagesLayout, hovered: AdvantageBin | undefined): VNode {
  const { rows, bins, plot, zero, ticks, here } = layout;
  return canvas(
    layout,
    <>
      {rows.map(({ name, mean, deviation, base }) => (
        <g key={name}>
          <line x1={plot.left} x2={plot.right} y1={base} y2={base} stroke="var(--grid)" />
          <text x={plot.left - 6} y={base - 3} text-anchor="end" fill="var(--vscode-foreground)">
            {name.replace(' advantage', '').replace(' term', '')}
          </text>
          <text x={plot.right + 6} y={base - 14} fill="var(--dim)">
            {`⌀ ${signed(mean)}`}
          </text>
          <text x={plot.right + 6} y={base - 3} fill="var(--dim)">
            {`σ ${deviation.toFixed(2)}`}
          </text>
        </g>
      ))}
      {bins
        .flat()
        .map((bin) =>
          bin.height === 0 ? null : (
            <rect
              key={`${bin.part}/${bin.from}`}
              x={bin.x}
              y={bin.y}
              width={bin.width}
              height={bin.height}
              fill={bin.to > 1e-9 ? 'var(--positive)' : 'var(--negative)'}
              {...(bin === hovered ? { stroke: 'var(--vscode-foreground)', 'stroke-width': 1.5 } : {})}
            />
          ),
        )}
      {here.map(({ x, y }, index) => (
        <line key={index} x1={x} x2={x} y1={y} y2={y + 4} stroke="var(--vscode-foreground)" stroke-width="1.2" />
      ))}
      <line x1={zero} x2={zero} y1={rows[0]?.top ?? 0} y2={rows.at(-1)?.base ?? 0} stroke="var(--dim)" stroke-width="0.8" />
      {ticks.map(({ x, text }) => (
        <text key={text} x={x} y={layout.height - 4} text-anchor="middle" fill="var(--dim)">
          {text}
        </text>
      ))}
    </>,
  );
}
