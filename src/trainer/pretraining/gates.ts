import { games } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { random } from '../../domain/random';
import { pair } from '../../domain/seat';
import type { Engine } from '../../engine/engine';
import { resolveConfig } from '../../runs/presets';
import { transcriptCapacity } from '../capacity';
import { measurePolicy } from '../measure';
import { selfPlay } from '../selfPlay';
import { proposalMeasures } from './proposalMeasures';

/** A number that a pretrained policy must have before it is shipped, and the one that it has. */
export interface Gate {
  readonly game: GameId;
  readonly what: string;
  readonly value: number;
  readonly least?: number;
  readonly most?: number;
}

/**
 * Units of 10 that are to be kept more where one values a kind more: two values of 1 to 20, or three pairs of them, are compared
 * roughly at best by a model of this size; RL has a direction to go in all the same.
 */
const KEPT_GAP: Readonly<Partial<Record<GameId, number>>> = { 'trust-and-split-values': 0.2, 'deal-or-no-deal': 0.5 };

/** Negotiations that a gate is measured on. */
const NEGOTIATIONS = 128;

/** Whether a gate is passed. */
export function passes({ value, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY }: Gate): boolean {
  return value >= least && value <= most;
}

/**
 * Measures a policy's gates in self-play. Unmasked answers must be valid. In the IPD it must be reciprocal and not merely
 * nice: with less than .10 between P(C | the other cooperated) and P(C | the other defected), Advantage Alignment ends in
 * defection. In Trust-and-Split it must tell its hand truthfully, and use what it is told. In Deal or No Deal, where greed of both
 * earns nothing, it must strike deals now and then, and pay greed back a little.
 */
export async function gates(engine: Engine, media: string, playing: readonly GameId[]): Promise<Gate[]> {
  const measured: Gate[] = [];
  for (const game of playing) {
    const config = resolveConfig(media, { game, algorithm: 'aa', seed: 1, preset: 'embedded', layers: [] });
    const capacity = transcriptCapacity(config, engine.tokenizer);
    const free = await selfPlay({
      engine,
      positions: Array.from({ length: NEGOTIATIONS }, (_, n) => games[game].start(config.gameSettings, random('gates', game, n))),
      policies: Array.from({ length: NEGOTIATIONS }, () => pair(() => engine.base)),
      speech: { ...config, decoding: 'free' },
      uniforms: random('gates', game, 'tokens'),
      capacity,
    });
    const turns = free.negotiations.flatMap((negotiation) => negotiation.turns);
    const valid = turns.filter((turn) => turn.valid).length / turns.length;
    measured.push({ game, what: 'unmasked turns that are valid', value: valid, least: 0.99 });
    const measures = await measurePolicy({ engine, config, policy: engine.base, capacity, negotiations: NEGOTIATIONS });
    const { cooperateAfter: after } = measures;
    if (after) {
      const [cc, cd, dc, dd] = [after.CC, after.CD, after.DC, after.DD].map((p) => p ?? Number.NaN) as [number, number, number, number];
      measured.push({
        game,
        what: 'P(C) after the other cooperated, minus after it defected',
        value: (cc + dc) / 2 - (cd + dd) / 2,
        least: 0.14,
      });
      measured.push({ game, what: 'P(C) after both defected', value: dd, least: 0.2, most: 0.6 });
    }
    if (game === 'trust-and-split') {
      measured.push({ game, what: 'messages that state a hand', value: measures.statesHandRate ?? Number.NaN, least: 0.8 });
      measured.push({ game, what: 'stated hands that are true', value: measures.truthfulRate ?? Number.NaN, least: 0.7 });
    }
    if (game === 'deal-or-no-deal') {
      const actions = turns.filter((turn) => turn.kind === 'action');
      const fitting = actions.filter((turn) => turn.valid).length / actions.length;
      measured.push({ game, what: 'unmasked proposals that the stock allows', value: fitting, least: 0.99 });
      const { agreed, kept, repaid } = proposalMeasures(free.negotiations.map(({ negotiation }) => negotiation.rounds));
      measured.push({ game, what: 'rounds that end in a deal', value: agreed, least: 0.1 });
      measured.push({ game, what: 'share of the stock proposed for oneself', value: kept, least: 0.4, most: 0.75 });
      measured.push({
        game,
        what: 'P(everything) after the other kept everything, minus after less',
        value: repaid,
        least: 0.1,
        most: 0.4,
      });
    }
    if (measures.keptWhenValuingLess != null && measures.keptWhenValuingMore != null) {
      const gap = measures.keptWhenValuingMore - measures.keptWhenValuingLess;
      const least = KEPT_GAP[game] ?? 1;
      measured.push({ game, what: 'units kept where one values more, minus where less', value: gap, least });
    }
  }
  return measured;
}
