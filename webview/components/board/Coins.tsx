import type { VNode } from 'preact';
import { AGENT_NAMES, type Pair } from '../../../src/domain/seat';
import { points } from '../numbers';

const SIZE = 14;
const GAP = 3;

/** The parts of each coin: Alice's from the left, Bob's from the right, what nobody got between. `[coin][alice, bob]`, 0 to 1. */
export function coinParts(quantity: number, [alice, bob]: Pair<number>): Pair<number>[] {
  const part = (amount: number, from: number): number => Math.max(0, Math.min(1, amount - from));
  return Array.from({ length: quantity }, (_, coin) => [part(alice, coin), part(bob, quantity - 1 - coin)] as const);
}

/** A row of coins, filled for Alice, striped for Bob, hollow where nobody got them. */
export function Coins({ quantity, shares }: { readonly quantity: number; readonly shares: Pair<number> }): VNode {
  const width = quantity * (SIZE + GAP);
  const text = `${AGENT_NAMES[0]} got ${points(shares[0])}, ${AGENT_NAMES[1]} ${points(shares[1])} of ${quantity}`;
  return (
    <svg class="coins" width={width} height={SIZE + 2} viewBox={`0 0 ${width} ${SIZE + 2}`} role="img" aria-label={text}>
      <title>{text}</title>
      <defs>
        <pattern id="bobs" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="bar-1" width="2.6" height="4" />
        </pattern>
      </defs>
      {coinParts(quantity, shares).map(([alice, bob], coin) => {
        const x = coin * (SIZE + GAP) + 1;
        return (
          <g key={coin}>
            <clipPath id={`coin-${coin}`}>
              <circle cx={x + SIZE / 2} cy={SIZE / 2 + 1} r={SIZE / 2 - 1} />
            </clipPath>
            <g clip-path={`url(#coin-${coin})`}>
              {alice > 0 && <rect class="bar-0" x={x} y={0} width={SIZE * alice} height={SIZE + 2} />}
              {bob > 0 && <rect fill="url(#bobs)" x={x + SIZE * (1 - bob)} y={0} width={SIZE * bob} height={SIZE + 2} />}
            </g>
            <circle class="rim" cx={x + SIZE / 2} cy={SIZE / 2 + 1} r={SIZE / 2 - 1} />
          </g>
        );
      })}
    </svg>
  );
}
