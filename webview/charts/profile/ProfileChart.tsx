import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ChartFrame } from '../Frame';
import { profileCsv } from './csv';
import { drawProfile } from './drawing';
import { barAt, layoutProfile, type Profile } from './layout';
import type { ProfileKind } from './specs';

/** What each policy does in each situation, against strategies that are known: hover or arrow keys read a bar, a click or Enter opens its run. */
export function ProfileChart(props: {
  readonly kind: ProfileKind;
  readonly profiles: readonly Profile[];
  readonly empty: string;
  /** `index` is the policy's among the profiles. */
  readonly onSelect: (index: number) => void;
}): VNode {
  const { kind, profiles, empty, onSelect } = props;
  const [at, setAt] = useState(-1);
  const bars = kind.situations.length * profiles.length;
  const profile = profiles[at % Math.max(1, profiles.length)];
  const situation = kind.situations[Math.floor(at / Math.max(1, profiles.length))];
  const read = (one: Profile, i: number): string => {
    const value = one.values[i] ?? null;
    return value === null ? 'unknown' : kind.format(value);
  };
  const readout =
    at < 0 || profile === undefined || situation === undefined
      ? kind.reading
      : `${profile.label} ${read(profile, kind.situations.indexOf(situation))} ${situation.meaning}`;
  const spoken = profiles.map((one) => `${one.label}: ${kind.situations.map(({ meaning }, i) => `${meaning} ${read(one, i)}`).join(', ')}`);
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars - 1 }[event.key];
    if (to !== undefined) setAt(Math.max(0, Math.min(bars - 1, to)));
    else if ((event.key === 'Enter' || event.key === ' ') && at >= 0) onSelect(at % profiles.length);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ChartFrame title={kind.title} file={kind.file} csv={() => profileCsv(kind, profiles)} readout={readout}>
      {(width, height) => {
        const layout = layoutProfile({ ...kind, profiles }, width, height);
        if (layout === null) return { drawing: null, view: <p class="chart-empty dim">{empty}</p> };
        const drawing = drawProfile(layout, kind.format, at);
        const under = (event: MouseEvent): number =>
          barAt(layout, event.clientX - (event.currentTarget as Element).getBoundingClientRect().left);
        return {
          drawing,
          view: (
            <div
              class="chart-canvas"
              role="slider"
              tabIndex={0}
              aria-label={`${kind.title}. ${spoken.join('. ')}`}
              aria-valuemin={1}
              aria-valuemax={bars}
              aria-valuenow={Math.max(0, at) + 1}
              aria-valuetext={readout}
              onPointerMove={(event) => setAt(under(event))}
              onPointerLeave={() => setAt(-1)}
              onBlur={() => setAt(-1)}
              onClick={(event) => {
                const bar = under(event);
                if (bar >= 0) onSelect(bar % profiles.length);
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
