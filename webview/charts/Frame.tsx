import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Choice } from '../components/Choice';
import { saveFile } from '../state';
import { resolveVariable } from '../theme';
import { svgText } from './svgText';

/** What else could stand in a chart's place. */
export interface ChartChoice {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}

/** A chart's place: its title, what the pointer reads, the ways out (SVG, CSV), and room that is measured. */
export function ChartFrame(props: {
  readonly title: string;
  /** Stands in for the title. */
  readonly choice?: ChartChoice;
  readonly readout?: string;
  /** File name without its ending. */
  readonly file: string;
  readonly csv: () => string;
  readonly children: (width: number, height: number) => { readonly drawing: VNode | null; readonly view: ComponentChildren };
}): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setSize([Math.floor(element.clientWidth), Math.floor(element.clientHeight)]);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const [width, height] = size;
  const drawn = width > 40 && height > 40 ? props.children(width, height) : { drawing: null, view: null };
  return (
    <figure class="chart">
      <figcaption>
        {props.choice === undefined ? (
          <h2>{props.title}</h2>
        ) : (
          <h2 class="chart-choice">
            <Choice {...props.choice} />
          </h2>
        )}
        {drawn.drawing !== null && (
          <span class="chart-ways">
            <button
              type="button"
              class="link"
              onClick={() => saveFile(`${props.file}.svg`, svgText(drawn.drawing, resolveVariable))}
              aria-label={`Save ${props.title} as SVG`}
            >
              SVG
            </button>
            <button
              type="button"
              class="link"
              onClick={() => saveFile(`${props.file}.csv`, props.csv())}
              aria-label={`Save the data of ${props.title} as CSV`}
            >
              CSV
            </button>
          </span>
        )}
        <span class="chart-readout number">{props.readout ?? ''}</span>
      </figcaption>
      <div ref={box} class="chart-box">
        {drawn.view}
      </div>
    </figure>
  );
}
