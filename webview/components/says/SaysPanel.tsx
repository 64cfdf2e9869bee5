import type { VNode } from 'preact';
import { AGENT_NAMES } from '../../../src/domain/seat';
import type { DistributionsView, PolicyRef } from '../../../src/protocol/webview';
import { cursor, negotiation } from '../../state';
import { Button, Dropdown } from '../controls';
import { type SeriesStyle, seriesStyle } from '../inspector/series';
import { plain } from '../numbers';
import { visibleText } from '../tokens/visibleText';
import { type SaysBar, saysRows, share } from './layout';
import { answer, ask, asking, isChosen, showSays } from './saysState';

/** Policies that can be asked together. */
const MOST = 4;

/** What policies would say in place of the token under the cursor: bars and numbers, under the mask and without it. */
export function SaysPanel(): VNode {
  const view = answer.value;
  const turn = negotiation.value === null || cursor.value === null ? undefined : negotiation.value.turns[cursor.value.turn];
  return (
    <section class="says" aria-label="What would they say?" aria-busy={asking.value}>
      <header class="says-head">
        <h2>
          What would they say?{' '}
          {turn !== undefined && (
            <span class="dim">
              {AGENT_NAMES[turn.seat]}, round {turn.round + 1}, token {(cursor.value?.token ?? 0) + 1}
            </span>
          )}
        </h2>
        <Button kind="icon" label="Close (w)" onClick={() => showSays(false)}>
          <span aria-hidden="true">×</span>
        </Button>
      </header>
      {view === null ? (
        <p class="dim" role="status">
          {turn === undefined ? 'Choose a token.' : 'Asking the policies …'}
        </p>
      ) : (
        <Answer view={view} />
      )}
    </section>
  );
}

function Answer({ view }: { readonly view: DistributionsView }): VNode {
  const styles = view.policies.map((policy) => styleOf(view, policy));
  return (
    <div class={asking.value ? 'says-answer waiting' : 'says-answer'}>
      {styles.map((style, i) => (
        <Picker key={i} view={view} index={i} style={style} />
      ))}
      <p class="says-choice">
        {view.choices.length > 0 && view.policies.length < MOST && (
          <button type="button" class="link" onClick={() => ask([...view.policies, another(view)])}>
            ask another
          </button>
        )}
        {isChosen.value && (
          <button type="button" class="link" onClick={() => ask(null)}>
            ask who said it
          </button>
        )}
      </p>
      {view.problem !== null ? (
        <p class="problem" role="status">
          {view.problem}
        </p>
      ) : (
        view.said !== null && <Table view={view} styles={styles} />
      )}
    </div>
  );
}

function Picker({ view, index, style }: { readonly view: DistributionsView; readonly index: number; readonly style: SeriesStyle }): VNode {
  const policy = view.policies[index]!;
  const checkpoints = view.choices.find(({ run }) => run === policy.run)?.checkpoints ?? [policy.iteration];
  const change = (to: PolicyRef): void => ask(view.policies.map((one, i) => (i === index ? to : one)));
  return (
    <div class="says-picker">
      <Swatch style={style} />
      <Dropdown
        label={`Run of policy ${index + 1}`}
        value={policy.run}
        options={view.choices.map(({ run, name }) => ({ value: run, label: name }))}
        onChange={(run) => {
          const theirs = view.choices.find((choice) => choice.run === run)?.checkpoints ?? [];
          change({ run, iteration: theirs.findLast((each) => each <= policy.iteration) ?? theirs[0] ?? 0 });
        }}
      />
      <Dropdown
        label={`Checkpoint of policy ${index + 1}`}
        value={String(policy.iteration)}
        options={checkpoints.map((iteration) => ({
          value: String(iteration),
          label: iteration === 0 ? 'start' : `@${iteration}`,
        }))}
        onChange={(value) => change({ ...policy, iteration: Number(value) })}
      />
      {view.policies.length > 1 && (
        <Button kind="icon" label={`Do not ask policy ${index + 1}`} onClick={() => ask(view.policies.filter((_, i) => i !== index))}>
          <span aria-hidden="true">×</span>
        </Button>
      )}
    </div>
  );
}

function Table({ view, styles }: { readonly view: DistributionsView; readonly styles: readonly SeriesStyle[] }): VNode {
  const said = view.said!;
  const other = said.policies.some(({ masked }) => masked !== null);
  return (
    <>
      <table class="says-table">
        <thead>
          <tr>
            <th scope="col">policy</th>
            <th scope="col" class="says-bar-head">
              <span class="visually-hidden">bar</span>
            </th>
            <th
              scope="col"
              title={said.isMasked ? 'What the run samples from: only what the mask allows, renormalised' : 'What the run samples from'}
            >
              {said.isMasked ? 'masked' : 'free'}
            </th>
            {other && (
              <th scope="col" title={said.isMasked ? 'Of the policy without the mask' : 'Under the mask, renormalised'}>
                {said.isMasked ? 'free' : 'masked'}
              </th>
            )}
          </tr>
        </thead>
        {saysRows(said).map(({ token, bars }, row) => (
          <tbody key={row} class={token?.isSaid === true ? 'said' : ''}>
            <tr>
              <th scope="rowgroup" colSpan={other ? 4 : 3}>
                {token === null ? (
                  <span class="dim">all other tokens</span>
                ) : (
                  <>
                    <span class="mono">{visibleText(token.text)}</span>
                    {token.isSaid && <span class="says-mark"> ✓ said</span>}
                    {!token.isAllowed && <span class="dim"> not allowed here</span>}
                  </>
                )}
              </th>
            </tr>
            {bars.map((bar, policy) => (
              <tr key={policy}>
                <th scope="row" title={said.policies[policy]?.name}>
                  <Swatch style={styles[policy]!} />
                  {shortName(view, policy)}
                </th>
                <td class="says-bar">
                  <Bar bar={bar} colour={styles[policy]!.colour} />
                </td>
                <td class="number">{share(bar.sampled)}</td>
                {other && <td class="number dim">{share(bar.other)}</td>}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
      <dl class="says-facts">
        {said.policies.map((policy, i) => (
          <div key={i}>
            <dt>
              <Swatch style={styles[i]!} /> {policy.name}
            </dt>
            <dd class="number">
              entropy {plain(policy.entropy, 3)} nats · valid mass {plain(policy.validMass, 3)}
            </dd>
          </div>
        ))}
      </dl>
      <p class="dim">
        {view.isExact
          ? 'The first is the very policy that said it.'
          : isChosen.value
            ? 'After the very tokens that were read and said before.'
            : 'The policy that said it was not kept: the first is the newest checkpoint before it.'}
        {said.temperature === 1 ? '' : ` Temperature ${said.temperature}.`}
      </p>
    </>
  );
}

/** The sampled probability as a bar, the other one as an outline behind it. */
function Bar({ bar, colour }: { readonly bar: SaysBar; readonly colour: string }): VNode {
  const width = (probability: number): string => `${(100 * Math.max(0, Math.min(1, probability))).toFixed(2)}%`;
  return (
    <span class="says-track" style={{ '--c': colour }} aria-hidden="true">
      <i class="says-fill" style={{ width: width(bar.sampled) }} />
      {bar.other !== null && <i class="says-other" style={{ width: width(bar.other) }} />}
    </span>
  );
}

function Swatch({ style }: { readonly style: SeriesStyle }): VNode {
  return <i class={`swatch-line${style.dash === '' ? '' : ' dashed'}`} style={{ '--c': style.colour }} aria-hidden="true" />;
}

function styleOf({ choices, policies }: DistributionsView, policy: PolicyRef): SeriesStyle {
  const algorithmOf = (one: PolicyRef) => choices.find(({ run }) => run === one.run)?.algorithm ?? null;
  const style = seriesStyle(algorithmOf(policy));
  // Two checkpoints of one algorithm are told apart by the line.
  const isFirst = policies.find((one) => algorithmOf(one) === algorithmOf(policy)) === policy;
  return isFirst ? style : { ...style, dash: style.dash === '' ? '2 3' : '' };
}

/** As few letters as tell the policies apart: `AA@200`. */
function shortName({ choices, policies }: DistributionsView, index: number): string {
  const policy = policies[index]!;
  const algorithm = choices.find(({ run }) => run === policy.run)?.algorithm ?? null;
  return `${seriesStyle(algorithm).label}@${policy.iteration}`;
}

/** A further policy to begin with: the first run's newest, or before its training. */
function another({ choices, policies }: DistributionsView): PolicyRef {
  for (const { run, checkpoints } of choices) {
    for (const iteration of [checkpoints.at(-1), checkpoints[0], ...checkpoints]) {
      if (iteration !== undefined && !policies.some((policy) => policy.run === run && policy.iteration === iteration))
        return { run, iteration };
    }
  }
  return policies[0] ?? { run: choices[0]?.run ?? '', iteration: 0 };
}
