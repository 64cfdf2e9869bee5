import type { VNode } from 'preact';
import { groups, showGroup, shownGroups } from '../../state';

/** Which runs the curves are of: a switch for each group, where there is more than a pair of runs. */
export function CurveLegend(): VNode | null {
  const shown = new Set(shownGroups.value.map(({ key }) => key));
  const all = groups.value;
  const pooled = all.some(({ runs }) => runs.length > 1);
  // A pair says at its lines' ends which is which.
  if (!pooled && all.length < 3) return null;
  return (
    <div class="curve-legend">
      {all.map(({ key, name, style, runs }) => (
        <button
          key={key}
          type="button"
          class="chip curve-switch"
          aria-pressed={shown.has(key)}
          title={`${shown.has(key) ? 'Leave out' : 'Draw'} ${runs.map((run) => run.name).join(', ')}`}
          onClick={() => showGroup(key, !shown.has(key))}
        >
          <i class="swatch-line" style={{ '--c': style.colour }} data-dashed={style.dash !== ''} aria-hidden="true" />
          {name}
        </button>
      ))}
      {pooled && <span class="dim">mean and 95 % bootstrap interval over seeds; thin: the runs in view</span>}
    </div>
  );
}
