import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { MatchupsFile } from '../../../src/protocol/matchups';
import { csv } from '../csv';
import { ChartFrame } from '../Frame';
import { fileName } from '../fileName';
import { drawMatchups } from './drawing';
import { layoutMatchups, type MatchupCellBox, type MatchupMeasure } from './layout';
import { cellWords, matchupRows } from './words';

/** The matrix as a heat map: arrow keys or the pointer read a cell, Enter or a click opens its negotiations. */
export function MatchupsChart(props: {
  readonly file: MatchupsFile;
  readonly measure: MatchupMeasure;
  readonly onOpen: (row: number, col: number) => void;
}): VNode {
  const { file, measure, onOpen } = props;
  const { players } = file;
  const grid = useRef<HTMLTableElement>(null);
  const [at, setAt] = useState<readonly [row: number, col: number]>([0, 0]);
  const [read, setRead] = useState<readonly [row: number, col: number] | null>(null);
  const focus = (row: number, col: number): void => {
    const to = [Math.max(0, Math.min(players.length - 1, row)), Math.max(0, Math.min(players.length - 1, col))] as const;
    setAt(to);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${to[0]}/${to[1]}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const [row, col] = at;
    const end = players.length - 1;
    const to = {
      ArrowLeft: [row, col - 1],
      ArrowRight: [row, col + 1],
      ArrowUp: [row - 1, col],
      ArrowDown: [row + 1, col],
      Home: [event.ctrlKey ? 0 : row, 0],
      End: [event.ctrlKey ? end : row, end],
    }[event.key] as [number, number] | undefined;
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    focus(...to);
  };
  const cell = ({ row, col, x, y, width, height, text }: MatchupCellBox): VNode => (
    <td key={col}>
      <button
        type="button"
        class="matchup-cell"
        data-cell={`${row}/${col}`}
        tabIndex={row === at[0] && col === at[1] ? 0 : -1}
        aria-label={cellWords(file, row, col)}
        aria-disabled={text === null}
        style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` }}
        onFocus={() => {
          setAt([row, col]);
          setRead([row, col]);
        }}
        onBlur={() => setRead(null)}
        onPointerEnter={() => setRead([row, col])}
        onPointerLeave={() => setRead(null)}
        onClick={() => {
          if (text !== null) onOpen(row, col);
        }}
      />
    </td>
  );
  return (
    <ChartFrame
      title={measure.label}
      readout={
        read === null ? 'rows: who plays · columns: against whom · Enter or a click opens the negotiations' : cellWords(file, ...read)
      }
      file={`match-ups-${fileName(measure.label)}`}
      csv={() => csv(...matchupRows(file))}
    >
      {(width, height) => {
        const layout = layoutMatchups(players, measure, width, height);
        if (layout === null) return { drawing: null, view: <p class="chart-empty dim">This matrix has no players.</p> };
        const drawing = drawMatchups(layout, (row, col) => cellWords(file, row, col));
        const view = (
          <div class="matchup-scroll">
            <div class="matchup-grid" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
              {drawing}
              <table
                ref={grid}
                // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the grid pattern wants a table's structure and arrow keys.
                role="grid"
                aria-label={`${measure.label} of the row’s player against the column’s`}
                onKeyDown={onKeyDown}
              >
                <thead class="visually-hidden">
                  <tr>
                    <td />
                    {players.map((name, col) => (
                      <th key={col} scope="col">
                        {name}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {players.map((name, row) => (
                    <tr key={row}>
                      <th scope="row" class="visually-hidden">
                        {name}
                      </th>
                      {layout.cells.filter((box) => box.row === row).map(cell)}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </div>
        );
        return { drawing, view };
      }}
    </ChartFrame>
  );
}
