/** Numbers of both agents, `[seat][negotiation][round]`. */
export type Ledger = readonly [Rows, Rows];

/** Numbers of one agent, `[negotiation][round]`. */
export type Rows = readonly (readonly number[])[];

/**
 * Discounted returns of one negotiation: G_t = r_t + γ·G_{t+1}, G_T = 0, with r = reward / rewardScale.
 * @param rewards points, `[round]`.
 */
export function returns(rewards: readonly number[], gamma: number, rewardScale: number): number[] {
  const result = new Array<number>(rewards.length);
  let next = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    next = rewards[t]! / rewardScale + gamma * next;
    result[t] = next;
  }
  return result;
}
