import type { VNode } from 'preact';
import { follow, following, runs } from '../../state';
import { Checkbox } from '../controls';

/** The slim bar above the tree. */
export function Toolbar(): VNode | null {
  const live = runs.value.filter((run) => run.status === 'live').length;
  if (live === 0 && !following.value) return null;
  return (
    <div class="tree-toolbar">
      <Checkbox checked={following.value} onChange={follow} title="Select each iteration as it is committed, until you choose something">
        Follow live
      </Checkbox>
      <span class="dim">{live === 0 ? 'nothing is training' : live === 1 ? '1 run training' : `${live} runs training`}</span>
    </div>
  );
}
