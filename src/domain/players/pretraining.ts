import type { GameId, SeatView, TurnRequest } from '../games/game';
import { keepText } from '../games/sharing/proposals';
import { HANDS } from '../games/vocabulary';
import type { Random } from '../random';
import { type Held, statement } from './claims';
import type { ScriptedPlayer } from './player';
import { scriptedPlayers } from './registry';
import { cutToFit, randomProposal } from './sharing';

/** Whose transcripts a policy is pretrained on. */
export type PretrainingMix = readonly {
  /** A scripted player by name. */
  readonly player: string;
  /** Share of the seats that it takes; the weights of a mix need not sum to 1. */
  readonly weight: number;
  /** Probability of doing something else: the other choice in the IPD, a random proposal in the split games. */
  readonly noise: number;
  /** Probability that a message says something false; split games with talk only. */
  readonly lie?: number;
}[];

/** Who the sharing games are learned from first: everything is seen, and much of it hangs on what the other did. */
export const BROAD_SHARES = { generous: 0.25, fair: 0.2, greedy: 0.15, reciprocal: 0.4 } as const;

/**
 * Mixes to pretrain on, and to end pretraining on. They decide what training makes of the policy: Advantage Alignment
 * amplifies the reciprocity that is there (a prior that is nice to everyone ends in defection), and in the split games
 * a prior that reciprocates much keeps plain RL from becoming greedy.
 */
export const PRETRAINING_MIXES: Readonly<Record<GameId, { readonly broad: PretrainingMix; readonly final: PretrainingMix }>> = {
  ipd: both([
    { player: 'tit-for-tat', weight: 0.3, noise: 0.15 },
    { player: 'random(0.88)', weight: 0.13, noise: 0 },
    { player: 'random(0.2)', weight: 0.12, noise: 0 },
    { player: 'random(0.7)', weight: 0.45, noise: 0 },
  ]),
  split: sharing(),
  'trust-and-split': sharing(),
  'trust-and-split-values': sharing(),
  'deal-or-no-deal': sharing(),
};

function both(mix: PretrainingMix): { readonly broad: PretrainingMix; readonly final: PretrainingMix } {
  return { broad: mix, final: mix };
}

function sharing(): { readonly broad: PretrainingMix; readonly final: PretrainingMix } {
  return {
    broad: sharingMix(BROAD_SHARES),
    final: sharingMix({ generous: 0.2, fair: 0.4, greedy: 0.3, reciprocal: 0.1 }),
  };
}

/** A mix of the four players of the sharing games, all as noisy; the greedy lie more than the others. */
export function sharingMix(shares: Readonly<Record<'generous' | 'fair' | 'greedy' | 'reciprocal', number>>, noise = 0.12): PretrainingMix {
  return [
    { player: 'generous', weight: shares.generous, noise, lie: 0.06 },
    { player: 'fair', weight: shares.fair, noise, lie: 0.06 },
    { player: 'greedy', weight: shares.greedy, noise, lie: 0.35 },
    { player: 'reciprocal', weight: shares.reciprocal, noise, lie: 0.06 },
  ];
}

/** Probability that a message is small talk. */
const CHAT = 0.08;
const CHATS = ['lets split fair', 'hello friend', 'trust me'] as const;

/**
 * Draws a noisy player from a mix, by weight. Unlike the plain scripted players it words its messages in several ways
 * and shades its proposals, so that the policy learns the format and not one text.
 */
export function pretrainingPlayer(game: GameId, random: Random, mix: PretrainingMix = PRETRAINING_MIXES[game].broad): ScriptedPlayer {
  const entry = draw(mix, random);
  if (!entry) throw new RangeError(`the pretraining mix of ${game} is empty`);
  const plain = scriptedPlayers(game).get(entry.player);
  const name = `${plain.name}, noisy`;
  if (game === 'ipd') {
    return {
      name,
      reply(request, draws) {
        const choice = plain.reply(request, draws);
        return draws.uniform() < entry.noise ? (choice === 'A' ? 'B' : 'A') : choice;
      },
    };
  }
  return {
    name,
    reply(request, draws) {
      if (request.kind === 'message') return cutToFit(noisyMessage(request.view, entry.lie ?? 0, draws), request);
      if (draws.uniform() < entry.noise) return randomProposal(request, draws);
      return shade(plain.reply(request, draws), request, draws);
    },
  };
}

/** An entry with probability proportional to its weight; undefined of an empty mix. */
function draw(mix: PretrainingMix, random: Random): PretrainingMix[number] | undefined {
  let left = random.uniform() * mix.reduce((sum, entry) => sum + entry.weight, 0);
  for (const entry of mix) {
    left -= entry.weight;
    if (left < 0) return entry;
  }
  return mix.at(-1);
}

function noisyMessage(view: SeatView, lie: number, draws: Random): string {
  const kind = draws.uniform();
  if (kind < CHAT) return CHATS[draws.integer(CHATS.length)]!;
  return worded(kind < CHAT + lie ? fabricated(view, draws) : view, draws);
}

/** Something else to hold; now and then it is what one holds. */
function fabricated({ hand, values }: Held, draws: Random): Held {
  if (hand !== undefined) return { hand: HANDS[draws.integer(HANDS.length)]!, values };
  if (values?.length === 1) return { values: [1 + draws.integer(20)] };
  const first = draws.integer(11);
  const second = draws.integer(11 - first);
  return { values: [first, second, 10 - first - second] };
}

/** A statement in one of its wordings, the plain one most often. */
function worded(held: Held, draws: Random): string {
  const which = draws.uniform();
  if (which < 0.6) return statement(held);
  const values = held.values?.join(' ');
  if (which < 0.85) return held.hand !== undefined ? `my hand is ${held.hand}` : `i value ${values}`;
  if (held.hand !== undefined) return `${held.hand} trust me`;
  return held.values?.length === 1 ? `${values} trust me` : `my value ${values}`;
}

/** Moves a proposal a little, where a kind has enough units that little is little. */
function shade(text: string, { view }: TurnRequest, draws: Random): string {
  const shaded = text.split(' ').map((word, kind) => {
    const kept = Number(word);
    const quantity = view.quantities[kind]!;
    const luck = draws.uniform();
    const step = draws.uniform();
    if (quantity < 10) return kept;
    if (kept === quantity) return luck < 0.25 ? quantity - 1 - Math.floor(step * 3) : kept;
    if (kept === 0) return luck < 0.5 ? 1 + Math.floor(step * 4) : kept;
    return luck < 0.4 ? kept - 1 + Math.floor(step * 3) : kept;
  });
  return keepText(shaded);
}
