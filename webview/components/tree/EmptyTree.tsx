import type { VNode } from 'preact';
import { command } from '../../state';
import { Button } from '../controls';

/** What the side bar shows while there is no run. */
export function EmptyTree(): VNode {
  return (
    <div class="empty-tree">
      <p>
        Parley trains language-model agents in social dilemmas on this machine and shows, token by token, what each of them is taught while
        they learn.
      </p>
      <Button kind="primary" onClick={() => command('startPairedRun')}>
        Start Paired Run
      </Button>
      <p class="dim">Plain RL and Advantage Alignment from the same seeds, side by side. About two minutes on a laptop.</p>
      <Button onClick={() => command('startAaRun')}>Start AA Run</Button>
      <Button onClick={() => command('openRun')}>Open Run…</Button>
    </div>
  );
}
