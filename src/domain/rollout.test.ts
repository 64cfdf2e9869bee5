import { describe, expect, it } from 'vitest';
import { defaultGameSettings } from './games/index';
import { ipd } from './games/ipd/ipd';
import { random } from './random';
import { play } from './rollout';

const start = (rounds: number) => ipd.start({ ...defaultGameSettings('ipd'), rounds }, random(0));

describe('play', () => {
  it('asks for all turns that are due at once, also when some negotiations end earlier', async () => {
    const batches: string[] = [];
    const played = await play([start(1), start(3)], async (pending) => {
      batches.push(pending.map((p) => `${p.negotiation}.${p.seat}.${p.turn}`).join(' '));
      return pending.map((p) => (p.negotiation === 1 && p.seat === 0 ? 'nonsense' : 'A'));
    });
    expect(batches).toEqual(['0.0.0 0.1.1 1.0.0 1.1.1', '1.0.2 1.1.3', '1.0.4 1.1.5']);
    expect(played.map(({ negotiation }) => negotiation.rounds.length)).toEqual([1, 3]);
    expect(played[1]!.turns.map((turn) => [turn.turn, turn.round, turn.seat, turn.valid])).toEqual([
      [0, 0, 0, false],
      [1, 0, 1, true],
      [2, 1, 0, false],
      [3, 1, 1, true],
      [4, 2, 0, false],
      [5, 2, 1, true],
    ]);
    expect(played[1]!.turns[2]!.observation).toBe('you B they A play');
  });

  it('stops before a round and goes on from there', async () => {
    const half = await play([start(4)], async (pending) => pending.map(() => 'A'), { untilRound: 2 });
    expect(half[0]!.negotiation.round).toBe(2);
    const seen: number[] = [];
    const rest = await play(
      half.map((p) => p.negotiation),
      async (pending) => {
        seen.push(...pending.map((p) => p.turn));
        return pending.map(() => 'B');
      },
      { turnsBefore: half.map((p) => p.turns.length) },
    );
    expect(seen).toEqual([4, 5, 6, 7]);
    expect(rest[0]!.negotiation.rounds.map((round) => round.rewards[0])).toEqual([3, 3, 1, 1]);
  });

  it('refuses a number of texts that was not due', async () => {
    await expect(play([start(1)], async () => ['A'])).rejects.toThrow('2 turns were due, 1 texts were given');
  });
});
