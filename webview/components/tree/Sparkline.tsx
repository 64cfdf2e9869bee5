import type { VNode } from 'preact';

const WIDTH = 44;
const HEIGHT = 14;

/** The points of a sparkline, scaled to its own range; a flat line runs through the middle. */
export function sparkPoints(values: readonly number[], width = WIDTH, height = HEIGHT): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const y = (value: number): number => (high === low ? height / 2 : height - 2 - ((value - low) / (high - low)) * (height - 4));
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0;
  return values
    .flatMap((value, index) => (Number.isFinite(value) ? [`${(1 + index * step).toFixed(1)},${y(value).toFixed(1)}`] : []))
    .join(' ');
}

/** A word-sized curve; the badge beside it has the number. */
export function Sparkline({ values }: { readonly values: readonly number[] }): VNode {
  const points = sparkPoints(values);
  const last = points.split(' ').at(-1)?.split(',') ?? [];
  return (
    <svg class="spark" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <polyline points={points} fill="none" stroke="currentColor" stroke-width="1.1" />
      {last.length === 2 && <circle cx={last[0]} cy={last[1]} r="1.6" fill="currentColor" />}
    </svg>
  );
}
