import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Channel, ChannelClosed, openChannel, RequestFailed, type Side, type Transport } from './channel';

interface Left extends Side {
  requests: { double: [params: number, result: number]; never: [params: null, result: null] };
  events: { tick: number };
}
interface Right extends Side {
  requests: Record<never, never>;
  events: { note: string };
}

/** Two transports joined back to back; messages arrive in order, a microtask later, as structured clones. */
function wire(): { left: Transport; right: Transport; cut(reason: string): void } {
  const listeners: [((m: unknown) => void)[], ((m: unknown) => void)[]] = [[], []];
  const closers: ((reason: string) => void)[] = [];
  const end = (mine: 0 | 1): Transport => ({
    post: (message) => {
      const copy = structuredClone(message);
      queueMicrotask(() => {
        for (const listener of listeners[mine === 0 ? 1 : 0]) listener(copy);
      });
    },
    onMessage: (listener) => listeners[mine].push(listener),
    onClose: (listener) => closers.push(listener),
  });
  return {
    left: end(0),
    right: end(1),
    cut: (reason) => {
      for (const close of closers) close(reason);
    },
  };
}

const answers = { double: async (n: number) => n * 2, never: () => new Promise<null>(() => undefined) };

function connect(versions: [number, number] = [1, 1]): {
  left: Channel<Left, Right>;
  right: Channel<Right, Left>;
  cut(reason: string): void;
} {
  const { left, right, cut } = wire();
  return { left: openChannel<Left, Right>(left, versions[0], answers), right: openChannel<Right, Left>(right, versions[1], {}), cut };
}

describe('channel', () => {
  it('answers every request with its own result, however many are under way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 30 }), async (numbers) => {
        const { right } = connect();
        expect(await Promise.all(numbers.map((n) => right.request('double', n)))).toEqual(numbers.map((n) => n * 2));
      }),
      { numRuns: 20 },
    );
  });

  it('closes when the other side begins anew, so that whoever asked the old one is told', async () => {
    const { left, right } = wire();
    const host = openChannel<Left, Right>(left, 1, answers);
    const page = openChannel<Right, Left>(right, 1, {});
    expect(await page.request('double', 2)).toBe(4);
    const reloaded = openChannel<Right, Left>(right, 1, {});
    expect(await host.closed).toBe('the other side began anew');
    openChannel<Left, Right>(left, 1, answers);
    expect(await reloaded.request('double', 3)).toBe(6);
  });

  it('hands events to whoever listens, until it no longer does', async () => {
    const { left, right } = connect();
    const heard = vi.fn();
    const stop = right.on('tick', heard);
    left.send('tick', 1);
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(1));
    stop();
    left.send('tick', 2);
    await right.request('double', 0);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('holds messages back until the other side has come up', async () => {
    const { left, right } = wire();
    const early = openChannel<Right, Left>(right, 1, {});
    const pending = early.request('double', 21);
    await Promise.resolve();
    openChannel<Left, Right>(left, 1, answers);
    expect(await pending).toBe(42);
  });

  it('rejects everything pending once, whoever closes', async () => {
    for (const close of ['ours', 'theirs'] as const) {
      const { left, right, cut } = connect();
      const pending = right.request('never', null);
      const refused = expect(pending).rejects.toThrow(ChannelClosed);
      if (close === 'ours') right.close('enough');
      else cut('process exited with code 9');
      await refused;
      await expect(right.request('double', 1)).rejects.toThrow(ChannelClosed);
      expect(await right.closed).toBe(close === 'ours' ? 'enough' : 'process exited with code 9');
      left.send('tick', 1);
    }
  });

  it('closes on a differing version and says what to do', async () => {
    const { right } = connect([1, 2]);
    expect(await right.closed).toMatch(/version 1 met 2: reload/);
  });

  it('passes on why a request was refused', async () => {
    const { left, right } = wire();
    openChannel<Left, Right>(left, 1, {
      ...answers,
      double: () => {
        throw new Error('run.json is missing');
      },
    });
    const channel = openChannel<Right, Left>(right, 1, {});
    await expect(channel.request('double', 1)).rejects.toThrow(new RequestFailed('run.json is missing'));
    await expect(channel.request('toString' as 'double', 1)).rejects.toThrow('unknown request');
  });

  it('closes on an event that does not pass the check', async () => {
    const { left, right } = wire();
    const sender = openChannel<Left, Right>(left, 1, answers);
    const channel = openChannel<Right, Left>(right, 1, {}, (_kind, name, payload) => {
      if (name === 'tick' && typeof payload !== 'number') throw new Error('not a number');
      return payload;
    });
    sender.send('tick', 'x' as unknown as number);
    expect(await channel.closed).toBe('bad event "tick": not a number');
  });

  it('lets strangers on the same wire pass', async () => {
    const { left, right } = wire();
    openChannel<Left, Right>(left, 1, answers);
    const channel = openChannel<Right, Left>(right, 1, {});
    left.post('hello?');
    left.post({ source: 'devtools' });
    expect(await channel.request('double', 4)).toBe(8);
  });
});
