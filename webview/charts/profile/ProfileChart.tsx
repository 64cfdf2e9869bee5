import type { VNode } from 'preact';
import { ChartFrame } from '../Frame';
import { profileCsv } from './csv';
import { drawProfile } from './drawing';
import { layoutProfile, type Profile } from './layout';
import type { ProfileKind } from './specs';

/** What each policy does in each situation, against strategies that are known. */
export function ProfileChart(props: { readonly kind: ProfileKind; readonly profiles: readonly Profile[]; readonly empty: string }): VNode {
  const { kind, profiles, empty } = props;
  const spoken = profiles.map(
    ({ label, values }) =>
      `${label}: ${kind.situations.map(({ meaning }, i) => `${meaning} ${said(values[i] ?? null, kind.format)}`).join(', ')}`,
  );
  return (
    <ChartFrame title={kind.title} file={kind.file} csv={() => profileCsv(kind, profiles)} readout={kind.reading}>
      {(width, height) => {
        const layout = layoutProfile({ ...kind, profiles }, width, height);
        if (layout === null) return { drawing: null, view: <p class="chart-empty dim">{empty}</p> };
        const drawing = drawProfile(layout, kind.format);
        return {
          drawing,
          view: (
            <div class="chart-canvas still" role="img" aria-label={`${kind.title}. ${spoken.join('. ')}`}>
              {drawing}
            </div>
          ),
        };
      }}
    </ChartFrame>
  );
}

function said(value: number | null, format: ProfileKind['format']): string {
  return value === null ? 'unknown' : format(value);
}
