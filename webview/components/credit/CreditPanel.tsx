import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { AGENT_NAMES } from '../../../src/domain/seat';
import { drawWeights } from '../../charts/weights/drawing';
import { layoutWeights, type WeightBar } from '../../charts/weights/layout';
import { cursor, negotiation } from '../../state';
import { derivation, reading, weightBars } from './explain';
import { GroupTable } from './GroupTable';

/** "Why this credit": the numbers of the round under the cursor filled into the formula, the past in w, the group beside it. */
export function CreditPanel(): VNode {
  const view = negotiation.value;
  const turn = view === null || cursor.value === null ? undefined : view.turns[cursor.value.turn];
  if (view === null || turn === undefined) {
    return (
      <section class="why" aria-label="Why this credit">
        <h2>Why this credit</h2>
        <p class="dim">Choose a turn: its credit is derived here, number by number.</p>
      </section>
    );
  }
  const { credit } = turn;
  const name = AGENT_NAMES[turn.seat];
  const bars = weightBars(view, turn.seat, turn.round);
  const rounds = Math.max(view.rounds.length, turn.round + 1);
  return (
    <section class="why" aria-label="Why this credit">
      <h2>
        Why this credit · {name}, round {turn.round + 1}
      </h2>
      {credit === null ? (
        <p class="dim">
          {view.algorithm === null
            ? 'Nothing was trained by this negotiation, so its turns have no credit.'
            : 'No credit yet: this is a preview. Credits need the whole seed group, which is there when the iteration is committed.'}
        </p>
      ) : (
        <>
          <dl class="formula">
            {derivation(view, credit).map((line) => (
              <div key={line.symbols} class={line.kind}>
                <dt>{line.symbols}</dt>
                <dd>
                  {line.numbers !== '' && <span class="dim">{line.numbers}</span>} <span class="result">{line.result}</span>
                </dd>
              </div>
            ))}
          </dl>
          <p class="reading">{reading(view, turn, credit)}</p>
          {bars.length > 0 && (
            <>
              <h2>Past advantages in w</h2>
              <WeightsChart bars={bars} rounds={rounds} />
            </>
          )}
          <GroupTable view={view} turn={turn} />
        </>
      )}
    </section>
  );
}

function WeightsChart({ bars, rounds }: { readonly bars: readonly WeightBar[]; readonly rounds: number }): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);
  const spoken = bars.map(({ round, contribution }) => `round ${round + 1}: ${contribution.toFixed(2)}`).join(', ');
  return (
    <div ref={box} class="weights" role="img" aria-label={`Summands of w. ${spoken}`}>
      {width > 0 && drawWeights(layoutWeights(bars, rounds, width, 76))}
    </div>
  );
}
