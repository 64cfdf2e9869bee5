import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { RATIO_CAP } from '../../../src/domain/advantage/push';
import { AGENT_NAMES } from '../../../src/domain/seat';
import type { TurnView } from '../../../src/protocol/webview';
import { negotiation } from '../../state';
import { plain, signed } from '../numbers';
import { logRatio, tokenPush, trainingLogProb } from './measures';
import { visibleText } from './visibleText';

/** The token whose numbers are shown, and where it is on the screen. */
export const pointed = signal<{
  readonly turn: TurnView;
  readonly token: number;
  readonly at: DOMRect;
  readonly by: 'pointer' | 'keyboard';
} | null>(null);

/** DOM id of the card, for aria-describedby. */
export const CARD_ID = 'token-card';

/** All numbers of one token, beside it; it never takes the pointer. */
export function TokenCard(): VNode | null {
  const card = useRef<HTMLDivElement>(null);
  const shown = pointed.value;
  useLayoutEffect(() => {
    const element = card.current;
    if (element === null || shown === null) return;
    const { width, height } = element.getBoundingClientRect();
    const below = shown.at.bottom + 8;
    const fitsBelow = below + height <= innerHeight - 4;
    const top = fitsBelow ? below : Math.max(4, shown.at.top - height - 8);
    const left = Math.max(4, Math.min(innerWidth - width - 4, shown.at.left - 12));
    element.style.top = `${top}px`;
    element.style.left = `${left}px`;
    element.style.visibility = 'visible';
  });
  if (shown === null) return null;
  const { turn, token } = shown;
  const { tokens, credit } = turn;
  const training = trainingLogProb(turn, token);
  const push = tokenPush(turn, token);
  const ratio = tokens.ratios[token];
  return (
    <div ref={card} id={CARD_ID} class="card" role="tooltip">
      <div class="card-head">
        <b class="mono">{visibleText(tokens.texts[token] ?? '')}</b>
        <span class="dim">
          token {token + 1} of {tokens.texts.length} · id {tokens.ids[token] ?? '–'}
        </span>
      </div>
      <table>
        <tbody>
          <Line name="log π sampling" value={plain(tokens.logProbs[token], 3)} />
          <Line name="log π training" value={plain(tokens.trainLogProbs[token], 3)} />
          <Line
            name="log π reference"
            value={plain(tokens.referenceLogProbs[token], 3)}
            extra={`ratio ${signed(logRatio(turn, token), 2)}`}
          />
          <Line name="ρ" value={plain(ratio, 3)} extra={ratio !== undefined && ratio > RATIO_CAP ? `cut at ${RATIO_CAP}` : ''} />
          <Line name="entropy" value={plain(tokens.entropies[token], 3)} extra="nats" />
          <Line
            name="valid mass"
            value={plain(tokens.validMass[token], 3)}
            extra={tokens.forced[token] === true ? 'forced by the mask' : ''}
          />
          <tr class="rule">
            <th scope="row">own advantage</th>
            <td class="own">{signed(credit?.own, 3)}</td>
            <td />
          </tr>
          <Line name="alignment term" value={signed(credit?.alignment, 3)} kind="aligned" />
          <Line name="credit" value={signed(credit?.credit, 3)} kind="strong" />
          <Line name="push" value={signed(push, 3)} kind="strong" />
        </tbody>
      </table>
      <p class="card-formula dim">
        {push === null || credit === null || training === null
          ? whyNoPush(turn)
          : `push = min(ρ, ${RATIO_CAP}) · credit · (1\u00a0−\u00a0π) = ${plain(Math.min(ratio ?? 1, RATIO_CAP), 2)} · ${signed(credit.credit, 3)} · (1\u00a0−\u00a0${plain(Math.exp(training), 3)})`}
      </p>
    </div>
  );
}

/** Why a token has no push, in words. */
function whyNoPush(turn: TurnView): string {
  if (turn.credit === null && negotiation.peek()?.committed === true) return 'Nobody was trained by this: there is no credit, and no push.';
  if (turn.credit === null) return 'No credit yet: the iteration is not committed.';
  if (!turn.trained) return `${AGENT_NAMES[turn.seat]} was not trained here: another player’s tokens carry no push.`;
  return 'No log-probability is on record, so there is no push.';
}

function Line(props: { readonly name: string; readonly value: string; readonly extra?: string; readonly kind?: string }): VNode {
  return (
    <tr>
      <th scope="row">{props.name}</th>
      <td class={props.kind ?? ''}>{props.value}</td>
      <td class="dim">{props.extra ?? ''}</td>
    </tr>
  );
}
