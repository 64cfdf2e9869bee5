import type { VNode } from 'preact';
import { canvas } from '../canvas';
import type { ProfileLayout } from './layout';

/** Draws a profile chart as plain SVG elements; dashes with letters are the reference strategies, a frame the bar that is read. */
export function drawProfile(layout: ProfileLayout, format: (value: number) => string, hovered = -1): VNode {
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
      {layout.headings.map(({ text, x }) => (
        <text key={text} x={x} y={10} text-anchor="middle" fill="var(--dim)">
          {text}
        </text>
      ))}
      {layout.bars.map(({ id, situation, x, width, y, height, colour, hatched, value }, index) => {
        const key = `${id} ${situation.meaning}`;
        return value === null ? (
          <text key={key} x={x + width / 2} y={plot.bottom - 4} text-anchor="middle" fill={colour}>
            ?
          </text>
        ) : (
          <g key={key}>
            <rect x={x} y={y} width={width} height={height} fill={hatched ? `url(#hatch-${hatch.indexOf(colour)})` : colour} />
            {index === hovered && (
              <rect
                x={x - 1.5}
                y={y - 1.5}
                width={width + 3}
                height={height + 3}
                fill="none"
                stroke="var(--vscode-foreground)"
                stroke-width="1.5"
              />
            )}
            <title>{`${id}: ${format(value)} ${situation.meaning}`}</title>
          </g>
        );
      })}
      {layout.situations.map(({ name, meaning, x, left, right, marks }) => (
        <g key={meaning}>
          {marks.map(({ y, signs }) => (
            <g key={signs}>
              <line x1={left} x2={right} y1={y} y2={y} stroke="var(--vscode-foreground)" stroke-width="1.5" stroke-dasharray="3 2" />
              <text
                x={x}
                y={y === plot.bottom ? y + 11 : y - 3}
                text-anchor="middle"
                font-size="9"
                fill="var(--vscode-foreground)"
                stroke="var(--vscode-editor-background)"
                stroke-width="3"
                paint-order="stroke"
              >
                {signs}
              </text>
            </g>
          ))}
          <text x={x} y={plot.bottom + 24} text-anchor="middle" fill="var(--dim)">
            {name}
            <title>{meaning}</title>
          </text>
        </g>
      ))}
    </>,
  );
}
