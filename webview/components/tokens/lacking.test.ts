import { describe, expect, it } from 'vitest';
import type { NegotiationView } from '../../../src/protocol/webview';
import { negotiationOf } from '../../../test/webview/world';
import type { WorldRun } from '../../../test/webview/worldPlay';
import { lacking } from './lacking';
import { measureOf } from './measures';

const run: WorldRun = { id: 'ipd', game: 'ipd', algorithm: 'aa', seed: 0, iterations: 200 };
const view = negotiationOf(run, 30, 3)!;
const untrained = (which: (turn: NegotiationView['turns'][number]) => boolean): NegotiationView => ({
  ...view,
  turns: view.turns.map((turn) => (which(turn) ? { ...turn, trained: false } : turn)),
});

describe('lacking', () => {
  it('finds nothing where every turn was trained, and nothing for measures that need no training', () => {
    expect(lacking(view, measureOf('push'))).toBeNull();
    expect(
      lacking(
        untrained(() => true),
        measureOf('entropy'),
      ),
    ).toBeNull();
  });

  it('says whose turns have no push', () => {
    expect(
      lacking(
        untrained(({ seat }) => seat === 1),
        measureOf('push'),
      ),
    ).toEqual({ all: false, why: 'Bob not trained: no push' });
    expect(
      lacking(
        untrained(({ turn }) => turn === 0),
        measureOf('push'),
      ),
    ).toEqual({
      all: false,
      why: 'Alice in some turns not trained: no push',
    });
    expect(
      lacking(
        untrained(() => true),
        measureOf('push'),
      ),
    ).toEqual({ all: true, why: 'Alice and Bob not trained: no push' });
  });

  it('says what is to come, what never was, and what was not recorded', () => {
    const bare = { ...view, turns: view.turns.map((turn) => ({ ...turn, credit: null })) };
    expect(lacking({ ...bare, committed: false }, measureOf('credit'))?.why).toBe('no credit before the iteration is committed');
    expect(lacking({ ...bare, algorithm: null }, measureOf('push'))).toEqual({
      all: true,
      why: 'nobody was trained by this negotiation: no push',
    });
    const unmeasured = { ...view, turns: view.turns.map((turn) => ({ ...turn, tokens: { ...turn.tokens, entropies: [] } })) };
    expect(lacking(unmeasured, measureOf('entropy'))).toEqual({ all: true, why: 'Alice and Bob: no entropy on record' });
  });
});
