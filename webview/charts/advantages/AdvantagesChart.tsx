import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Advantages } from '../../../src/protocol/webview';
import { signed } from '../../components/numbers';
import { type ChartChoice, ChartFrame } from '../Frame';
import { advantagesCsv } from './csv';
import { drawAdvantages } from './drawing';
import { type AdvantageBin, type AdvantagesLayout, binAt, layoutAdvantages, PARTS } from './layout';

/** How own advantage, alignment term and credit are spread over an iteration; a click or Enter opens a negotiation of a bar, again the next one. */
export function AdvantagesChart(props: {
  readonly advantages: Advantages | null;
  readonly iteration: number | null;
  /** The negotiation in view. */
  readonly negotiation: number | null;
  readonly empty: string;
  readonly choice?: ChartChoice;
  readonly onSelect: (entry: { readonly negotiation: number; readonly round: number }) => void;
}): VNode {
  const { advantages, negotiation, iteration, onSelect } = props;
  const [at, setAt] = useState<readonly [part: number, bin: number] | null>(null);
  const layout = useRef<AdvantagesLayout | null>(null);
  /** Which entry of the bar was opened last. */
  const opened = useRef<{ readonly bin: string; readonly nth: number }>({ bin: '', nth: -1 });
  const hovered = at === null ? undefined : layout.current?.bins[at[0]]?.[at[1]];
  const open = (bin: AdvantageBin | undefined): void => {
    if (bin === undefined || advantages === null || bin.entries.length === 0) return;
    const key = `${bin.part}/${bin.from}`;
    const nth = opened.current.bin === key ? (opened.current.nth + 1) % bin.entries.length : 0;
    opened.current = { bin: key, nth };
    const entry = bin.entries[nth]!;
    onSelect({ negotiation: advantages.negotiation[entry] ?? 0, round: advantages.round[entry] ?? 0 });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const count = layout.current?.bins[0]?.length ?? 0;
    const [part, bin] = at ?? [2, Math.floor(count / 2)];
    const to = {
      ArrowLeft: [part, at === null ? bin : bin - 1],
      ArrowRight: [part, at === null ? bin : bin + 1],
      ArrowUp: [part - 1, bin],
      ArrowDown: [part + 1, bin],
      Home: [part, 0],
      End: [part, count - 1],
    }[event.key];
    if (to !== undefined) setAt([clamp(to[0]!, PARTS.length), clamp(to[1]!, count)]);
    else if (event.key === 'Enter' || event.key === ' ') open(hovered);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const readout =
    advantages === null
      ? ''
      : hovered === undefined
        ? `iteration ${iteration} · marks below: this negotiation`
        : words(hovered, advantages);
  const under = (event: MouseEvent): AdvantageBin | undefined => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return layout.current === null ? undefined : binAt(layout.current, event.clientX - box.left, event.clientY - box.top);
  };
  return (
    <ChartFrame
      title="Advantages in an iteration"
      readout={readout}
      file={`advantages-${iteration}`}
      csv={() => (advantages === null ? '' : advantagesCsv(advantages))}
      {...(props.choice === undefined ? {} : { choice: props.choice })}
    >
      {(width, height) => {
        layout.current = advantages === null ? null : layoutAdvantages(advantages, negotiation, width, height);
        if (layout.current === null) return { drawing: null, view: <p class="chart-empty dim">{props.empty}</p> };
        const shown = at === null ? undefined : layout.current.bins[at[0]]?.[at[1]];
        const drawing = drawAdvantages(layout.current, shown);
        return {
          drawing,
          view: (
            <div
              class="chart-canvas"
              role="slider"
              tabIndex={0}
              aria-label="Advantages in the iteration, by size"
              aria-valuemin={0}
              aria-valuemax={Math.max(0, (layout.current.bins[0]?.length ?? 1) - 1)}
              aria-valuenow={at?.[1] ?? 0}
              aria-valuetext={readout}
              onPointerMove={(event) => {
                const bin = under(event);
                setAt(bin === undefined ? null : [bin.part, layout.current?.bins[bin.part]?.indexOf(bin) ?? 0]);
              }}
              onPointerLeave={() => setAt(null)}
              onBlur={() => setAt(null)}
              onClick={(event) => open(under(event))}
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

function clamp(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}

/** What a bar says. */
function words({ part, from, to, entries }: AdvantageBin, { negotiation, own }: Advantages): string {
  const negotiations = new Set(entries.map((entry) => negotiation[entry])).size;
  const range = `${PARTS[part]} ${signed(from)} to ${signed(to)}`;
  if (entries.length === 0) return `${range}: none`;
  return `${range}: ${entries.length} of ${own.length} rounds, in ${negotiations} negotiation${negotiations === 1 ? '' : 's'} · Enter opens one`;
}
