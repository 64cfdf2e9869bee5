import { type ChatUsage, usageLine } from '../engine/chat-api/usage';
import type { IterationLine } from '../protocol/runFiles';
import type { Opponent } from './players/opponent';

type UsageFile = NonNullable<NonNullable<IterationLine['training']>['usage']>;

/** What an opponent behind an endpoint was asked so far in this process; undefined for all others. */
export function usageOf(opponent: Opponent | undefined): ChatUsage | undefined {
  return opponent?.player.kind === 'chat' ? opponent.player.client.usage : undefined;
}

/** What was asked between two points, as the journal keeps it; undefined without an endpoint. */
export function usageSince(before: ChatUsage | undefined, now: ChatUsage | undefined): UsageFile | undefined {
  if (before === undefined || now === undefined) return undefined;
  return {
    replies: now.replies - before.replies,
    retries: now.retries - before.retries,
    promptTokens: now.promptTokens - before.promptTokens,
    completionTokens: now.completionTokens - before.completionTokens,
    cost: now.cost === null || before.cost === null ? null : now.cost - before.cost,
  };
}

/** What an endpoint was asked and cost so far, in one line; undefined without one. */
export function usageReport(opponent: Opponent | undefined): string | undefined {
  const usage = usageOf(opponent);
  return usage && `${opponent?.player.name}: ${usageLine(usage)}`;
}
