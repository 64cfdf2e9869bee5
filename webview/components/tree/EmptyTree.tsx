import type { VNode } from 'preact';
import { command } from '../../state';
import { Button } from '../controls';

/** What the side bar shows while there is no run; what starts one only where the workspace is trusted. */
export function EmptyTree(): VNode {
  if (document.body.dataset.trusted === 'false') {
    return (
      <div class="empty-tree">
        <p>This workspace is not trusted: Parley opens and shows runs, and starts no process, no model and no network call.</p>
        <Button kind="primary" onClick={() => command('manageTrust')}>
          Manage Workspace Trust
        </Button>
        <Button onClick={() => command('openRun')}>Open Run…</Button>
      </div>
    );
  }
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
