import type { VNode } from 'preact';
import { learnerReward, SELF } from '../../../src/protocol/opponent';
import type { CurvePoint, RunView } from '../../../src/protocol/webview';
import {
  choose,
  columns,
  command,
  comparing,
  currentRun,
  curves,
  follow,
  following,
  pairedRun,
  saveComparing,
  selection,
} from '../../state';
import { Button, Checkbox } from '../controls';
import { grouped, percent, plain } from '../numbers';
import { STATUS_TEXT, StatusIcon } from '../tree/StatusIcon';
import { seriesStyle } from './series';

/** Who is trained, by what, how far and how fast. */
export function Header({ onKeys }: { readonly onKeys: () => void }): VNode {
  const run = currentRun.value;
  const other = pairedRun.value;
  if (run === undefined) {
    return (
      <header class="head">
        <h1>Parley</h1>
      </header>
    );
  }
  const last = curves.value.get(run.run)?.at(-1);
  return (
    <header class="head">
      <h1 title={[run.game, ...(run.algorithm === null ? [] : [run.algorithm]), `seed ${run.seed}`].join(' · ')}>{run.name}</h1>
      <span class={`chip status-chip ${run.status}`}>
        <StatusIcon status={run.status} />
        {STATUS_TEXT[run.status]}
      </span>
      {run.algorithm === null ? (
        <span class="chip">nothing trained</span>
      ) : (
        <>
          <span class="chip">
            <i
              class={`swatch-line ${seriesStyle(run.algorithm).dash === '' ? '' : 'dashed'}`}
              style={{ '--c': seriesStyle(run.algorithm).colour }}
              aria-hidden="true"
            />
            {ALGORITHMS[run.algorithm]}
          </span>
          <span class="chip number">
            iteration {run.iteration} of {run.iterations}
          </span>
        </>
      )}
      {chips(run, last).map((text) => (
        <span key={text} class="chip number">
          {text}
        </span>
      ))}
      {other !== undefined && (
        <span class="chip paired">
          paired with{' '}
          <button type="button" class="link" onClick={() => void choose({ ...(selection.value ?? {}), run: other.run }, true)}>
            {other.name}
          </button>
        </span>
      )}
      {run.problem !== undefined && (
        <span class="head-problem problem" role="alert">
          ⚠ {run.problem}
        </span>
      )}
      <span class="head-actions">
        {run.played?.kind === 'matchups' && <Button onClick={() => command('openMatchups', { run: run.run })}>Show the Matrix</Button>}
        {(run.status === 'live' || following.value) && (
          <Checkbox
            checked={following.value}
            onChange={follow}
            title="Show the newest iteration as it is committed, until you choose something (f)"
          >
            Follow live
          </Checkbox>
        )}
        {columns.value.length > 0 && (
          <Checkbox
            checked={comparing.value}
            onChange={saveComparing}
            title="The same negotiation of other runs, or of other iterations, beside (b)"
          >
            Compare
          </Checkbox>
        )}
        <Button kind="icon" label="Keys (?)" onClick={onKeys}>
          <span class="key-button">?</span>
        </Button>
      </span>
    </header>
  );
}

const ALGORITHMS: Readonly<Record<NonNullable<RunView['algorithm']>, string>> = {
  rl: 'plain RL',
  aa: 'Advantage Alignment',
  'aa-jit': 'Advantage Alignment, k ≤ t',
  sum: 'sum of rewards',
};

function chips(run: RunView, last: CurvePoint | undefined): string[] {
  const texts = [run.device];
  if (run.tokensPerSecond !== null) texts.push(`${grouped(run.tokensPerSecond)} tokens/s`);
  const measures = last?.measures;
  const reward = measures === undefined ? null : learnerReward({ opponent: run.opponent ?? SELF }, measures);
  if (reward !== null) texts.push(`reward ${plain(reward)}`);
  if (measures?.cooperationRate !== undefined) texts.push(`cooperation ${percent(measures.cooperationRate)}`);
  else if (measures?.efficiency !== null && measures?.efficiency !== undefined) texts.push(`efficiency ${percent(measures.efficiency)}`);
  return texts.filter(Boolean);
}
