import type { UsageFile } from '../protocol/matchups';

/** What an endpoint was asked and what it cost, in one line: `412 replies, 3 retries, 81,204 + 2,060 tokens, $0.0131`. */
export function usageLine({ replies, retries, promptTokens, completionTokens, cost }: UsageFile): string {
  const whole = (n: number): string => n.toLocaleString('en-US');
  return [
    `${whole(replies)} ${replies === 1 ? 'reply' : 'replies'}`,
    retries > 0 ? `${whole(retries)} ${retries === 1 ? 'retry' : 'retries'}` : '',
    `${whole(promptTokens)} + ${whole(completionTokens)} tokens`,
    cost === null ? 'cost unknown (no prices)' : `$${cost.toFixed(4)}`,
  ]
    .filter((piece) => piece !== '')
    .join(', ');
}
