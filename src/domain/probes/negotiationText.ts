import { games } from '../games';
import type { Action, GameId, RoundDeal, RoundOutcome } from '../games/game';
import type { PlayedNegotiation } from '../rollout';
import { AGENT_NAMES, type Pair, pair } from '../seat';
import { inlineText, lineText } from '../tokens/visibleText';

/** Columns before what was said, as in transcripts. */
const GUTTER = 8;

/** What stands above the rounds. */
export interface NegotiationHeading {
  readonly name: string;
  readonly game: GameId;
  /** Who has the seats. */
  readonly players: Pair<string>;
}

/**
 * A negotiation as text that diffs well: what each agent said, on lines of their own, and in each round what was dealt and how it
 * ended. What the agents were shown follows from that and is left out, so that a turn that changes changes one line.
 */
export function negotiationText({ name, game, players }: NegotiationHeading, { negotiation, turns }: PlayedNegotiation): string {
  const lines = [
    lineText(name),
    `${games[game].title} · ${AGENT_NAMES.map((agent, seat) => `${agent}: ${lineText(players[seat]!)}`).join(' · ')}`,
  ];
  for (const outcome of negotiation.rounds) {
    lines.push('', `Round ${outcome.round + 1}`, ...dealLines(outcome.deal));
    for (const { seat, kind, text, valid } of turns.filter(({ round }) => round === outcome.round)) {
      const said = kind === 'action' && !valid ? `${text} (did not parse: ${actionText(outcome.actions[seat])} counts)` : text;
      lines.push(...gutter(inlineText(said).split('\n'), AGENT_NAMES[seat]));
    }
    lines.push(`${'points'.padEnd(GUTTER)}${outcomeText(outcome)}`);
  }
  const total = pair((seat) => negotiation.rounds.reduce((sum, { rewards }) => sum + rewards[seat], 0));
  lines.push('', `Points in all: ${total.map(points).join(' / ')}`);
  return `${lines.join('\n')}\n`;
}

function dealLines({ quantities, values, hands }: RoundDeal): string[] {
  if (quantities.length === 0) return [];
  const held = pair((seat) => `${AGENT_NAMES[seat]} ${hands ? `${hands[seat]}, ` : ''}worth ${values[seat].join(' ')}`);
  return [`${'dealt'.padEnd(GUTTER)}${quantities.join(' ')} on the table; ${held.join('; ')}`];
}

function gutter(texts: readonly string[], name: string): string[] {
  return texts.map((text, i) => `${(i === 0 ? name : '').padEnd(GUTTER - 2)}│ ${text}`);
}

function outcomeText({ rewards }: RoundOutcome): string {
  return rewards.map(points).join(' / ');
}

function actionText(action: Action): string {
  return action.kind === 'choice' ? action.choice : action.amounts.join(' ');
}

/** At most two decimals. */
function points(value: number): string {
  return String(Math.round(value * 100) / 100);
}
