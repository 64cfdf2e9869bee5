import { setImmediate as nextTask } from 'node:timers/promises';
import { RATIO_CAP } from '../../domain/advantage';
import { type Pair, SEATS, type Seat } from '../../domain/seat';
import { trainSequence } from '../batch';
import type { Player, PolicyPlayer } from '../players/player';
import type { SeatTranscript } from '../seats';
import { k3 } from '../statistics';
import type { MatchupNegotiation } from './matchups';

/** log π_ref of what a seat said, `[turn][token]`, nats; null where there is no base model to ask, or no need to. */
export type SeatReference = readonly Float32Array[] | null;

/** Nobody's base model was asked. */
export const NO_REFERENCES: Pair<SeatReference> = [null, null];

/** A seat that tokens were drawn for. */
interface Spoken {
  readonly negotiation: number;
  readonly seat: Seat;
  readonly transcript: SeatTranscript;
}

/**
 * Asks the base models of trained policies for the log-probabilities of what was said, `[negotiation][seat]`, one pass a player.
 * @param seated `[negotiation][seat]`
 * @param transcripts `[negotiation][seat]`
 */
export async function askReferences(
  seated: readonly Pair<Player>[],
  transcripts: readonly Pair<SeatTranscript | null>[],
  signal?: AbortSignal,
): Promise<Pair<SeatReference>[]> {
  const references = seated.map((): [SeatReference, SeatReference] => [null, null]);
  for (const player of new Set(seated.flat())) {
    if (player.kind !== 'policy' || player.policy === player.engine.base || isTruncated(player)) continue;
    const spoken = transcripts.flatMap((both, negotiation) =>
      SEATS.flatMap((seat): Spoken[] => {
        const transcript = both[seat];
        return seated[negotiation]![seat] === player && transcript ? [{ negotiation, seat, transcript }] : [];
      }),
    );
    // Scoring blocks the event loop: let signals and messages in before.
    await nextTask();
    signal?.throwIfAborted();
    const scores = await askReference(
      player,
      spoken.map(({ transcript }) => transcript),
    );
    spoken.forEach(({ negotiation, seat, transcript }, i) => {
      references[negotiation]![seat] = byTurn(transcript, scores[i]!);
    });
  }
  return references;
}

async function askReference(player: PolicyPlayer, transcripts: readonly SeatTranscript[]): Promise<Float32Array[]> {
  const { engine, speech, klOver = 'full' } = player;
  const sequences = transcripts.map((transcript) => trainSequence(transcript, () => 0, true));
  const loss = { klCoefficient: 0, klOver, entropyCoefficient: 0, temperature: speech.temperature, ratioCap: RATIO_CAP };
  return (await engine.score(engine.base, sequences, loss)).map(({ referenceLogProbs }) => referenceLogProbs);
}

function byTurn({ turns }: SeatTranscript, logProbs: Float32Array): Float32Array[] {
  let at = 0;
  return turns.map(({ tokens }) => {
    at += tokens.length;
    return logProbs.subarray(at - tokens.length, at);
  });
}

/** Whether unlikely tokens are never drawn: k3, which needs draws from the whole of π, is then no estimate of the KL. */
function isTruncated({ speech: { greedy, topP = 1, topK = 0 } }: PolicyPlayer): boolean {
  return greedy === true || topP < 1 || topK > 0;
}

/**
 * Mean k3 estimate of the KL to the base model over the tokens of chosen seats, nats a token; 0 for a base model itself, null
 * where no policy has the seats or tokens are cut off.
 * @param seatsOf the seats of a negotiation that count.
 */
export function klOf(
  players: readonly Player[],
  negotiations: readonly MatchupNegotiation[],
  seatsOf: (negotiation: MatchupNegotiation) => readonly Seat[],
): number | null {
  let sum = 0;
  let count = 0;
  for (const negotiation of negotiations) {
    for (const seat of seatsOf(negotiation)) {
      const player = players[negotiation.seated[seat]]!;
      const transcript = negotiation.transcripts[seat];
      if (player.kind !== 'policy' || transcript === null || isTruncated(player)) continue;
      const reference = negotiation.references[seat];
      for (const [t, turn] of transcript.turns.entries()) {
        count += turn.tokens.length;
        if (reference !== null) sum += turnDivergence(player, turn, reference[t]!);
      }
    }
  }
  const mean = count === 0 ? null : sum / count;
  return Number.isNaN(mean) ? null : mean;
}

/** As in training. */
function turnDivergence({ speech, klOver = 'full' }: PolicyPlayer, turn: SeatTranscript['turns'][number], reference: Float32Array): number {
  const full = speech.decoding === 'masked' && klOver === 'full';
  let sum = 0;
  for (const [i, logProb] of turn.logProbs.entries()) sum += k3(reference[i]!, logProb, full ? turn.validMass[i]! : 1);
  return sum;
}
