import type { VNode } from 'preact';
import { csv } from '../csv';
import { ChartFrame } from '../Frame';
import { drawProfile } from './drawing';
import { layoutProfile, type Profile, SITUATIONS } from './layout';

/** P(cooperate | last round) of each run's newest policy, against tit-for-tat. */
export function ProfileChart({ profiles }: { readonly profiles: readonly Profile[] }): VNode {
  const spoken = profiles
    .map(
      ({ label, cooperates }) => `${label}: ${SITUATIONS.map((name) => `${name} ${cooperates[name]?.toFixed(2) ?? 'unknown'}`).join(', ')}`,
    )
    .join('. ');
  return (
    <ChartFrame
      title="P(cooperate | last round)"
      file="policy-profile"
      csv={() =>
        csv(
          ['policy', ...SITUATIONS],
          profiles.map(({ id, cooperates }) => [id, ...SITUATIONS.map((name) => cooperates[name])]),
        )
      }
      readout="own move first · dashes: tit-for-tat"
    >
      {(width, height) => {
        const layout = layoutProfile(profiles, 'tit-for-tat', width, height);
        if (layout === null) return { drawing: null, view: <p class="chart-empty dim">Measured with the first iterations.</p> };
        const drawing = drawProfile(layout);
        return {
          drawing,
          view: (
            <div class="chart-canvas still" role="img" aria-label={spoken}>
              {drawing}
            </div>
          ),
        };
      }}
    </ChartFrame>
  );
}
