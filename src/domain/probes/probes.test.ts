import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultGameSettings, GAME_IDS, games } from '../games';
import type { GameId } from '../games/game';
import { amounts } from '../games/sharing/proposals';
import { scriptedPlayers } from '../players';
import { random } from '../random';
import { play } from '../rollout';
import { other } from '../seat';
import {
  type AttitudeTranscript,
  attitudeTranscripts,
  choiceTranscripts,
  KEPT_RANGES,
  keptByAttitude,
  negotiationText,
  probeNegotiations,
} from '.';

const SHARING = GAME_IDS.filter((game): game is Exclude<GameId, 'ipd'> => game !== 'ipd');

describe('probe transcripts of the IPD', () => {
  it('show the history that they are named by, to the first seat', () => {
    const settings = defaultGameSettings('ipd');
    const probes = choiceTranscripts(settings);
    expect(probes[0]).toMatchObject({ name: 'start', seat: 0, spoken: [] });
    for (const { name, spoken, request } of probes) {
      const rounds = name === 'start' ? [] : name.split(' ');
      expect(spoken.map(({ text }) => text)).toEqual(rounds.map((round) => (round[0] === 'C' ? 'A' : 'B')));
      const seen = request.view.rounds.map(({ own, others }) =>
        [own, others].map((action) => (action.kind === 'choice' && action.choice === 'A' ? 'C' : 'D')).join(''),
      );
      expect(seen).toEqual(rounds);
    }
  });

  it('are those that fit into the rounds there are', () => {
    const names = (rounds: number): string[] => choiceTranscripts({ ...defaultGameSettings('ipd'), rounds }).map(({ name }) => name);
    expect(names(1)).toEqual(['start']);
    expect(names(3)).toEqual(['start', 'CC', 'CD', 'DC', 'DD']);
    expect(names(10).length).toBe(12);
  });
});

describe.each(SHARING)('probe transcripts of %s', (game) => {
  const settings = defaultGameSettings(game);

  it('come after the other kept as the attitude has it, in deals that tell', () => {
    const probes = attitudeTranscripts(game, settings, 4, 'action');
    expect(probes.length).toBe(4 * 2 * 3);
    expect(JSON.stringify(attitudeTranscripts(game, settings, 4, 'action'))).toBe(JSON.stringify(probes));
    for (const { request, attitude } of probes) {
      const [last, ...more] = request.view.rounds;
      expect(more).toEqual([]);
      expect(request.view.round).toBe(1);
      const kept = amounts(last!.others);
      if (attitude === 'greedy') expect(kept).toEqual(last!.quantities);
      const half = kept.every((units, kind) => Math.abs(2 * units - last!.quantities[kind]!) <= 1);
      if (attitude === 'fair') expect(half).toBe(true);
    }
    const greedier = (attitude: string): number =>
      probes
        .filter((probe) => probe.attitude === attitude)
        .reduce((sum, { request }) => sum + amounts(request.view.rounds[0]!.others).reduce((a, b) => a + b), 0);
    expect(greedier('generous')).toBeLessThan(greedier('greedy'));
  });

  it('ask for a message only where there is talk', () => {
    const messages = attitudeTranscripts(game, settings, 1, 'message');
    expect(messages.length).toBe(settings.messagesPerRound > 0 ? 6 : 0);
    expect(attitudeTranscripts(game, { ...settings, rounds: 1 }, 1, 'action')).toEqual([]);
  });
});

describe('keptByAttitude', () => {
  const settings = defaultGameSettings('trust-and-split-values');
  const probes = attitudeTranscripts('trust-and-split-values', settings, 8, 'action');

  it('is a plain mean over what was kept, by value and by attitude', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 }), { minLength: probes.length, maxLength: probes.length }), (kept) => {
        const readings = keptByAttitude(
          probes,
          kept.map((units) => [String(units), 'nothing at all']),
        );
        for (const { values, after, mean, shares } of readings) {
          const here = kept.filter((_, i) => {
            const { seat, deal, attitude } = probes[i]!;
            const edge = deal.values[seat][0]! - deal.values[other(seat)][0]!;
            return attitude === after && (values === 'less' ? edge < 0 : edge > 0);
          });
          expect(here.length).toBeGreaterThan(0);
          expect(mean).toBeCloseTo(here.reduce((a, b) => a + b, 0) / here.length);
          expect(shares!.reduce((a, b) => a + b)).toBeCloseTo(1);
          expect(shares![0]).toBeCloseTo(here.filter((units) => units <= 2).length / here.length);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('counts every kept number in one range, and reads nothing where there is nothing', () => {
    for (let kept = 0; kept <= 10; kept++) expect(KEPT_RANGES.filter(([low, high]) => low <= kept && kept <= high)).toHaveLength(1);
    expect(keptByAttitude([] as AttitudeTranscript[], []).every(({ mean, shares }) => mean === null && shares === null)).toBe(true);
  });
});

describe('probe negotiations', () => {
  it.each(GAME_IDS)('%s: have names of their own and opponents that there are', (game) => {
    const probes = probeNegotiations(game);
    expect(new Set(probes.map(({ name }) => name)).size).toBe(probes.length);
    for (const { opponent } of probes) if (opponent !== null) expect(scriptedPlayers(game).get(opponent).name).toBe(opponent);
    expect(probes.filter(({ greedy, opponent }) => greedy && opponent === null)).toHaveLength(1);
  });
});

describe('negotiationText', () => {
  it('has a line for every turn, and tells what was dealt and how a round ended', async () => {
    const settings = { ...defaultGameSettings('trust-and-split'), rounds: 2 };
    const said = ['i have rock', 'two\r\nlines \u202e', '3', '12', '', 'hello', '5', '5'];
    const [played] = await play([games['trust-and-split'].start(settings, random(3))], async (pending) => pending.map(() => said.shift()!));
    const heading = { name: 'self, greedy', game: 'trust-and-split', players: ['policy', 'policy'] } as const;
    const deals = played!.negotiation.rounds.map(
      ({ deal: { hands, values } }) => `Alice ${hands![0]}, worth ${values[0]}; Bob ${hands![1]}, worth ${values[1]}`,
    );
    const [first, second] = played!.negotiation.rounds.map(({ messages }) =>
      messages[0]!.seat === 0 ? ['Alice', 'Bob  '] : ['Bob  ', 'Alice'],
    );
    expect(negotiationText(heading, played!)).toBe(`self, greedy
Trust-and-Split · Alice: policy · Bob: policy

Round 1
dealt   10 on the table; ${deals[0]}
${first![0]} │ i have rock
${first![1]} │ two\\u{d}↵
      │ lines \\u{202e}
Alice │ 3
Bob   │ 12 (did not parse: 0 counts)
points  ${played!.negotiation.rounds[0]!.rewards.join(' / ')}

Round 2
dealt   10 on the table; ${deals[1]}
${second![0]} │ ∅
${second![1]} │ hello
Alice │ 5
Bob   │ 5
points  ${played!.negotiation.rounds[1]!.rewards.join(' / ')}

Points in all: ${[0, 1].map((seat) => played!.negotiation.rounds.reduce((sum, { rewards }) => sum + rewards[seat]!, 0)).join(' / ')}
`);
  });
});
