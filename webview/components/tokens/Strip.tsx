import type { VNode } from 'preact';
import type { TurnView } from '../../../src/protocol/webview';
import type { Measure } from './measures';
import { paint } from './scale';

/** The whole turn at a glance: a bar a token, up for more and down for less, so that the sign needs no colour. */
export function Strip(props: {
  readonly turn: TurnView;
  readonly measure: Measure;
  readonly full: number;
  readonly cursor: number;
}): VNode {
  const { turn, measure, full, cursor } = props;
  const count = turn.tokens.texts.length;
  const diverging = measure.scale === 'diverging';
  const zero = diverging ? 5 : 10;
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${Math.max(1, count)} 10`}
      preserveAspectRatio="none"
      style={{ maxWidth: `${count * 18}px` }}
      aria-hidden="true"
    >
      {turn.tokens.texts.map((_, token) => {
        const value = measure.value(turn, token);
        const { hue, strength } = paint(measure, full, value);
        const height = hue === 'none' ? 0 : Math.max(0.8, strength * (diverging ? 4.6 : 9.6));
        return (
          <rect
            key={token}
            class={hue}
            x={token + 0.06}
            width={0.88}
            y={(value ?? 0) < 0 && diverging ? zero : zero - height}
            height={height}
          />
        );
      })}
      <line x1={0} x2={count} y1={zero} y2={zero} class="zero" vector-effect="non-scaling-stroke" />
      {cursor >= 0 && <rect class="here" x={cursor} width={1} y={0} height={10} />}
    </svg>
  );
}
