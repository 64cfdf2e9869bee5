import type { GameId, GameSettings, Negotiation, RoundDeal, TurnRequest } from '../games/game';
import { games } from '../games/index';
import { scriptedPlayers } from '../players/registry';
import { random } from '../random';
import { AGENT_NAMES, other, SEATS, type Seat } from '../seat';

/** What one seat has read and said up to a turn that is due: the same for every policy. */
export interface ProbeTranscript {
  /** What led here: `CC CD`, `deal 2: Bob 10, other 1, after greedy`. */
  readonly name: string;
  readonly seat: Seat;
  /** Turns of this seat, in order. */
  readonly spoken: readonly SpokenTurn[];
  readonly request: TurnRequest;
  /** Deal of the round that the turn is in. */
  readonly deal: RoundDeal;
}

/** A turn that is taken as said. */
export interface SpokenTurn {
  readonly kind: 'message' | 'action';
  readonly observation: string;
  readonly text: string;
}

/** How the other kept in the round before. */
export const ATTITUDES = ['generous', 'fair', 'greedy'] as const;

/** One of `ATTITUDES`. */
export type Attitude = (typeof ATTITUDES)[number];

/** A transcript of a sharing game after the other kept in one way. */
export interface AttitudeTranscript extends ProbeTranscript {
  readonly attitude: Attitude;
}

/** Seed of all probes: they depend on the game and its settings, never on a run. */
export const PROBE_SEED = 0;

/** Rounds so far in the IPD, own choice first, oldest first. */
const IPD_HISTORIES = ['', 'CC', 'CD', 'DC', 'DD', 'CC CC CC', 'CC CC CD', 'CC CD CD', 'DD DD DC', 'DD DC DC', 'CD DC CD', 'DC CD DC'];

/** Deals that are looked through for those that tell generosity from greed. */
const DEALS_TRIED = 1000;

/** Transcripts of the IPD, as far as its rounds reach, from the first seat. */
export function choiceTranscripts(settings: GameSettings): ProbeTranscript[] {
  return IPD_HISTORIES.flatMap((history) => {
    const rounds = history === '' ? [] : history.split(' ');
    if (rounds.length >= settings.rounds) return [];
    const letter = (move: string | undefined): string => (move === 'C' ? 'A' : 'B');
    const start = games.ipd.start(settings, random(PROBE_SEED));
    const found = follow(start, 0, (request) => letter(rounds[request.view.round]?.[request.seat]), rounds.length, 'action');
    return found ? [{ ...found, name: history === '' ? 'start' : history }] : [];
  });
}

/**
 * Transcripts of a sharing game: in the first round the probed seat was generous and the other generous, fair or greedy; what was
 * said was true. The turn that is due is the second round's. Only deals in which the other values some kind less are taken:
 * only there do generosity and greed differ. Empty where there is no second round, or no talk for a message.
 * @param deals how many deals, each probed from both seats and after every attitude
 */
export function attitudeTranscripts(
  game: Exclude<GameId, 'ipd'>,
  settings: GameSettings,
  deals: number,
  kind: 'message' | 'action',
): AttitudeTranscript[] {
  const found: AttitudeTranscript[] = [];
  const players = scriptedPlayers(game);
  for (const seat of SEATS) {
    let taken = 0;
    for (let deal = 0; deal < DEALS_TRIED && taken < deals; deal++) {
      const start = games[game].start(settings, random(PROBE_SEED, 'probe deal', deal));
      if (!telling(start, seat)) continue;
      taken++;
      for (const attitude of ATTITUDES) {
        const reply = (request: TurnRequest): string =>
          players.get(request.seat === seat ? 'generous' : attitude).reply(request, random(PROBE_SEED, 'probe reply', deal));
        const here = follow(start, seat, reply, 1, kind);
        if (here) found.push({ ...here, name: `deal ${taken}: ${dealName(here)}, after ${attitude}`, attitude });
      }
    }
  }
  return found;
}

/** `Alice 1, other 10`: what a unit is worth to the seat and to the other, `[item kind]`. */
function dealName({ seat, deal }: Pick<ProbeTranscript, 'seat' | 'deal'>): string {
  return `${AGENT_NAMES[seat]} ${deal.values[seat].join(' ')}, other ${deal.values[other(seat)].join(' ')}`;
}

/** Whether the other seat values a kind that is on the table less. */
function telling({ deal }: Negotiation, seat: Seat): boolean {
  return deal?.quantities.some((quantity, kind) => quantity > 0 && deal.values[other(seat)][kind]! < deal.values[seat][kind]!) ?? false;
}

/** Plays by a rule up to the seat's first turn of a kind in a round; undefined where there is no such turn. */
function follow(
  start: Negotiation,
  seat: Seat,
  reply: (request: TurnRequest) => string,
  round: number,
  kind: 'message' | 'action',
): Omit<ProbeTranscript, 'name'> | undefined {
  const spoken: SpokenTurn[] = [];
  let position = start;
  while (position.deal !== undefined && position.round <= round) {
    const due = position.requests.find((request) => request.seat === seat);
    if (due && position.round === round && due.kind === kind) return { seat, spoken, request: due, deal: position.deal };
    const texts = position.requests.map(reply);
    if (due) spoken.push({ kind: due.kind, observation: due.observation, text: texts[position.requests.indexOf(due)]! });
    position = position.advance(texts);
  }
  return undefined;
}
