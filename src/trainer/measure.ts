import { games } from '../domain/games';
import type { CooperateAfter, Negotiation } from '../domain/games/game';
import { cooperateAfterProbe, PROBE_NEGOTIATIONS, planProbe } from '../domain/metrics';
import { random } from '../domain/random';
import { type Pair, pair } from '../domain/seat';
import type { Engine, Learner, Policy } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import type { MeasuresFile } from '../protocol/runFiles';
import { type AgainstOptions, playAgainst } from './against';
import { trainSequence } from './batch';
import { lossSettings } from './iteration';
import { Seats, type SeatTranscript } from './seats';
import { selfPlay } from './selfPlay';
import { againstMeasures, meanKl, selfPlayMeasures } from './statistics';

/** Fresh negotiations that measures of a policy are taken from. */
export const MEASURED_NEGOTIATIONS = 256;

/** As many where each of them is paid for. */
const PAID_NEGOTIATIONS = 64;

/** What is measured. */
export interface MeasureOptions {
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly policy: Policy;
  readonly capacity: number;
  readonly signal?: AbortSignal;
  readonly negotiations?: number;
}

/**
 * Measures of a policy against itself, from fresh negotiations that no iteration played, each with a deal of its own;
 * in the IPD with P(cooperate | last round) from the on-policy probe.
 */
export async function measurePolicy(options: MeasureOptions): Promise<MeasuresFile> {
  const { engine, config, policy, negotiations = MEASURED_NEGOTIATIONS } = options;
  const uniforms = random(config.seed, 'measure token');
  const { negotiations: played } = await selfPlay({
    ...options,
    ...table(options, negotiations, 'measure deal'),
    speech: config,
    uniforms,
  });
  const transcripts = played.flatMap((negotiation) => negotiation.transcripts);
  const measures = selfPlayMeasures(config, played, await klOf(engine, config, policy, transcripts));
  // The probe forces choices, which not every engine can.
  return config.game === 'ipd' && engine.canConstrain !== false
    ? { ...measures, cooperateAfter: await probeCooperation(options) }
    : measures;
}

/**
 * Measures of the learner against its fixed opponent, from fresh negotiations: each deal in both seatings, dealt and drawn as
 * `parley evaluate` does with the run's seed, so that both get the same numbers. See `againstMeasures`.
 */
export async function measureAgainst(
  options: Pick<AgainstOptions, 'engine' | 'config' | 'opponent' | 'signal'> & { readonly learner: Learner },
): Promise<MeasuresFile> {
  const { engine, config, learner, opponent } = options;
  const count = opponent.player.kind === 'chat' ? PAID_NEGOTIATIONS : MEASURED_NEGOTIATIONS;
  const seats = Array.from({ length: count }, (_, n) => ({ group: Math.floor(n / 2), seat: n % 2 === 0 ? (0 as const) : (1 as const) }));
  const { negotiations } = await playAgainst({
    ...options,
    seats,
    deal: (group) => random(config.seed, 'match-up deal', group),
    uniforms: random(config.seed, 'match-up token'),
  });
  const transcripts = negotiations.map((negotiation, n) => negotiation.transcripts[seats[n]!.seat]);
  const kl = await klOf(engine, config, learner, transcripts);
  return againstMeasures(
    config,
    negotiations,
    seats.map(({ seat }) => seat),
    kl,
  );
}

async function klOf(engine: Engine, config: RunConfig, policy: Policy, transcripts: readonly SeatTranscript[]): Promise<number | null> {
  const sequences = transcripts.map((transcript) => trainSequence(transcript, () => 0, true));
  const scores = await engine.score(policy, sequences, lossSettings(config));
  return meanKl(
    config,
    scores.map((each, i) => ({ scores: each, turns: transcripts[i]!.turns })),
  );
}

/**
 * P(cooperate | last round) on-policy: self-play up to a random round, that round's choices forced, the next choice's
 * probability read off. Choices are drawn under the mask, so that the probability is that of A given a valid answer.
 */
async function probeCooperation(options: MeasureOptions): Promise<CooperateAfter> {
  const { config, negotiations = PROBE_NEGOTIATIONS } = options;
  const plan = planProbe(negotiations, config.gameSettings.rounds, random(config.seed, 'probe'));
  const { positions, policies } = table(options, negotiations, 'probe deal');
  const speech = { ...config, decoding: 'masked' } as const;
  const seats = new Seats({ ...options, positions, policies, speech, uniforms: random(config.seed, 'probe token') });
  try {
    return await cooperateAfterProbe(positions, plan, async (turns) => {
      const texts = await seats.answer(turns, (i) => turns[i]!.forced);
      return turns.map(({ negotiation, seat, forced }, i) => {
        const { logProbs } = seats.transcripts[negotiation]![seat].turns.at(-1)!;
        const said = Math.exp(logProbs.reduce((sum, logProb) => sum + logProb, 0));
        return { text: texts[i]!, cooperate: forced ? null : texts[i] === 'A' ? said : 1 - said };
      });
    });
  } finally {
    seats.close();
  }
}

function table(
  { config, policy }: MeasureOptions,
  count: number,
  deal: string,
): { readonly positions: readonly Negotiation[]; readonly policies: readonly Pair<Policy>[] } {
  const start = (n: number): Negotiation => games[config.game].start(config.gameSettings, random(config.seed, deal, n));
  return {
    positions: Array.from({ length: count }, (_, n) => start(n)),
    policies: Array.from({ length: count }, () => pair(() => policy)),
  };
}
