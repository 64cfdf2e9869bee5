import type { VNode } from 'preact';
import { canvas } from '../canvas';
import type { MatchupsLayout } from './layout';

/** Draws a heat map as plain SVG elements: colour and number of each cell, its interval in small print, the scale below. */
export function drawMatchups(layout: MatchupsLayout, titleOf: (row: number, col: number) => string): VNode {
  const { scale, scaleAt, scaleEnds } = layout;
  const last = scale.at(-1);
  return canvas(
    layout,
    <>
      {layout.columns.map(({ text, x, y, slanted }, index) => (
        <text
          key={index}
          x={x}
          y={y}
          font-size="11"
          fill="var(--vscode-foreground)"
          text-anchor={slanted ? 'start' : 'middle'}
          transform={slanted ? `rotate(-45 ${x} ${y})` : undefined}
        >
          {text}
        </text>
      ))}
      {layout.rows.map(({ text, x, y }, index) => (
        <text key={index} x={x} y={y + 4} font-size="11" fill="var(--vscode-foreground)" text-anchor="end">
          {text}
        </text>
      ))}
      {layout.cells.map(({ row, col, x, y, width, height, text, small, fill, ink }) => (
        <g key={`${row}/${col}`}>
          <title>{titleOf(row, col)}</title>
          <rect
            x={x}
            y={y}
            width={width}
            height={height}
            rx="2"
            fill={fill}
            {...(text === null ? { stroke: 'var(--dim)', 'stroke-dasharray': '2 3' } : {})}
          />
          <text
            x={x + width / 2}
            y={y + height / 2 + (small === null ? 4.5 : 1)}
            text-anchor="middle"
            font-size="13"
            font-weight="600"
            fill={ink}
          >
            {text ?? '–'}
          </text>
          {small !== null && (
            <text x={x + width / 2} y={y + height / 2 + 15} text-anchor="middle" font-size="9.5" fill={ink}>
              {small}
            </text>
          )}
        </g>
      ))}
      {scale.map(({ x, width, fill }, index) => (
        <rect key={index} x={x} y={scaleAt.y} width={width} height={scaleAt.height} fill={fill} />
      ))}
      <text x={(scale[0]?.x ?? 0) - 6} y={scaleAt.y + 8} text-anchor="end" fill="var(--dim)">
        {scaleEnds[0]}
      </text>
      <text x={(last?.x ?? 0) + (last?.width ?? 0) + 6} y={scaleAt.y + 8} fill="var(--dim)">
        {scaleEnds[1]}
      </text>
    </>,
  );
}
