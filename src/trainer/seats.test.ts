import { describe, expect, it } from 'vitest';
import { TabularEngine } from '../../test/unit/trainer/tabularEngine';
import { defaultGameSettings, games } from '../domain/games';
import type { GameId } from '../domain/games/game';
import { random } from '../domain/random';
import { pair } from '../domain/seat';
import type { SampleRequest } from '../engine/engine';
import type { SpeechSettings } from './seats';
import { selfPlay } from './selfPlay';

const play = async (game: GameId, speech: Partial<SpeechSettings>, { count = 16, engine = new TabularEngine() } = {}) => {
  const settings = { ...defaultGameSettings(game), rounds: 3 };
  const calls: (readonly SampleRequest[])[] = [];
  const sample = engine.sample.bind(engine);
  engine.sample = (requests, sampling) => {
    calls.push(requests);
    return sample(requests, sampling);
  };
  const played = await selfPlay({
    engine,
    positions: Array.from({ length: count }, (_, n) => games[game].start(settings, random(0, 'deal', Math.floor(n / 4)))),
    policies: Array.from({ length: count }, () => pair(() => engine.base)),
    speech: { decoding: 'masked', retries: 0, temperature: 1, ...speech },
    uniforms: random(0, 'token'),
    capacity: 100,
  });
  return { ...played, calls, engine };
};

describe('self-play', () => {
  it('asks the engine once a step, for all negotiations and both seats', async () => {
    const { calls, engine } = await play('ipd', {});
    expect(calls.map((requests) => requests.length)).toEqual([32, 32, 32]);
    expect(engine.openLanes).toBe(0);
    const talk = await play('trust-and-split', {});
    expect(talk.calls.map((requests) => requests.length)).toEqual([16, 16, 32, 16, 16, 32, 16, 16, 32]);
  });

  it('deals the same within a seed group, and says different things', async () => {
    const { negotiations } = await play('trust-and-split', {}, { count: 8 });
    const deals = negotiations.map(({ negotiation }) => JSON.stringify(negotiation.rounds.map((round) => round.deal)));
    expect(new Set(deals.slice(0, 4)).size).toBe(1);
    expect(new Set(deals).size).toBe(2);
    expect(new Set(negotiations.map(({ turns }) => JSON.stringify(turns.map(({ text }) => text)))).size).toBe(8);
  });

  it('keeps, in every mode, transcripts of exactly the tokens that were read and said', async () => {
    for (const decoding of ['masked', 'free', 'retry'] as const) {
      const { negotiations, engine } = await play('trust-and-split', { decoding, retries: 1 });
      for (const { transcripts, turns } of negotiations) {
        for (const [seat, { tokens, turns: spoken }] of transcripts.entries()) {
          const own = turns.filter((turn) => turn.seat === seat);
          expect(spoken).toHaveLength(own.length);
          let at = 0;
          for (const [i, turn] of spoken.entries()) {
            expect(tokens.slice(at, at + turn.read.length)).toEqual(turn.read);
            at += turn.read.length;
            expect(turn.start).toBe(at);
            expect(tokens.slice(at, at + turn.tokens.length)).toEqual([...turn.tokens]);
            expect(engine.tokenizer.decode([...turn.tokens])).toBe(own[i]!.text);
            at += turn.tokens.length;
          }
          expect(at).toBe(tokens.length);
        }
      }
    }
  });

  it('never fails under the mask; in free mode what does not parse is counted, and a turn that was cut off is ended', async () => {
    const masked = await play('split', {});
    expect(masked.negotiations.flatMap(({ turns }) => turns).every((turn) => turn.valid)).toBe(true);
    const { negotiations, engine } = await play('split', { decoding: 'free' });
    expect(negotiations.flatMap(({ turns }) => turns).some((turn) => !turn.valid)).toBe(true);
    for (const { transcripts } of negotiations) {
      for (const { turns } of transcripts) {
        for (const [i, turn] of turns.entries()) {
          const before = turns[i - 1];
          if (before) expect(turn.read[0] === engine.tokenizer.stopToken).toBe(before.tokens.at(-1) !== engine.tokenizer.stopToken);
        }
      }
    }
  });

  it('tries again as often as it may, discards and counts failures, and then answers under the mask by its own probabilities', async () => {
    const { negotiations, retries, calls, sampledTokens } = await play('split', { decoding: 'retry', retries: 2 });
    const turns = negotiations.flatMap(({ turns: all }) => all);
    expect(turns.every((turn) => turn.valid)).toBe(true);
    // A policy that knows nothing hardly ever says three numbers: both free attempts fail, the third is masked.
    expect(retries).toBeGreaterThan(1.9 * turns.length);
    expect(calls).toHaveLength(9);
    const produced = negotiations.flatMap(({ transcripts }) => transcripts.flatMap((transcript) => transcript.turns));
    expect(sampledTokens).toBeGreaterThan(produced.reduce((sum, turn) => sum + turn.tokens.length, 0));
    for (const turn of produced) {
      expect(turn.masks.every((mask) => mask === null)).toBe(true);
      for (const logProb of turn.logProbs) expect(logProb).toBeCloseTo(-Math.log(69), 4);
    }
  });

  it('draws a token by seed, negotiation, seat, turn and place alone: more negotiations do not change the first ones', async () => {
    const few = await play('trust-and-split', {}, { count: 4 });
    const many = await play('trust-and-split', {}, { count: 8 });
    expect(many.negotiations.slice(0, 4).map(({ turns }) => turns)).toEqual(few.negotiations.map(({ turns }) => turns));
  });
});
