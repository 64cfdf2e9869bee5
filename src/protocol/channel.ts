import { messageOf } from './messageOf';

/**
 * One channel engine for both boundaries (host ↔ trainer, host ↔ webview). It knows no process and no
 * window: give it a transport. Every way in which the other side can go ends in one place, `close`,
 * which rejects whatever is pending.
 */
export interface Transport {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: (reason: string) => void): void;
}

/** What one side answers and announces: `{ requests: { name: [params, result] }, events: { name: payload } }`. */
export interface Side {
  readonly requests: Record<string, readonly [params: unknown, result: unknown]>;
  readonly events: Record<string, unknown>;
}

/** The functions with which a side answers the other's requests. */
export type Handlers<S extends Side> = {
  readonly [K in keyof S['requests']]: (params: S['requests'][K][0]) => Promise<S['requests'][K][1]> | S['requests'][K][1];
};

/** Checks a message's payload where it enters; returns it or throws with one clear line. */
export type Check = (kind: 'request' | 'event', name: string, payload: unknown) => unknown;

/** The other side closed, or was closed, before it answered. */
export class ChannelClosed extends Error {
  override readonly name = 'ChannelClosed';
}

/** The other side refused a request; the message is what it said. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
}

/** A live connection to the other side. `Ours` is what we answer and announce, `Theirs` what they do. */
export interface Channel<Ours extends Side, Theirs extends Side> {
  /** @throws ChannelClosed | RequestFailed */
  request<K extends keyof Theirs['requests'] & string>(name: K, params: Theirs['requests'][K][0]): Promise<Theirs['requests'][K][1]>;
  /** Announces something; silently nothing once closed. */
  send<K extends keyof Ours['events'] & string>(name: K, payload: Ours['events'][K]): void;
  on<K extends keyof Theirs['events'] & string>(name: K, listener: (payload: Theirs['events'][K]) => void): () => void;
  /** Resolves with the reason once the channel is closed, by whichever side. */
  readonly closed: Promise<string>;
  close(reason: string): void;
}

type Envelope =
  /** `reply` marks the answer to a hello: one without it comes from a side that has just begun. */
  | { readonly t: 'hello'; readonly version: number; readonly reply?: true }
  | { readonly t: 'request'; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly t: 'result'; readonly id: number; readonly result: unknown }
  | { readonly t: 'error'; readonly id: number; readonly message: string }
  | { readonly t: 'event'; readonly name: string; readonly payload: unknown };

/** Opens a channel. Messages sent before the handshake are held back; a differing version closes it. */
export function openChannel<Ours extends Side, Theirs extends Side>(
  transport: Transport,
  version: number,
  handlers: Handlers<Ours>,
  check: Check = (_kind, _name, payload) => payload,
): Channel<Ours, Theirs> {
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  const held: Envelope[] = [];
  let greeted = false;
  let reason: string | undefined;
  let nextId = 1;
  let resolveClosed: (reason: string) => void = () => undefined;
  const closed = new Promise<string>((resolve) => {
    resolveClosed = resolve;
  });

  const close = (why: string): void => {
    if (reason !== undefined) return;
    reason = why;
    for (const { reject } of pending.values()) reject(new ChannelClosed(why));
    pending.clear();
    held.length = 0;
    listeners.clear();
    resolveClosed(why);
  };

  const post = (message: Envelope): void => {
    if (reason !== undefined) return;
    if (!greeted && message.t !== 'hello') {
      held.push(message);
      return;
    }
    try {
      transport.post(message);
    } catch (error) {
      close(messageOf(error));
    }
  };

  const answer = async (id: number, name: string, params: unknown): Promise<void> => {
    try {
      if (!Object.hasOwn(handlers, name)) throw new Error(`unknown request "${name}"`);
      const handler = handlers[name as keyof Ours['requests']] as (params: unknown) => unknown;
      post({ t: 'result', id, result: await handler(check('request', name, params)) });
    } catch (error) {
      post({ t: 'error', id, message: messageOf(error) });
    }
  };

  const receive = (message: Envelope): void => {
    switch (message.t) {
      case 'hello':
        if (message.version !== version) {
          close(`protocol version ${message.version} met ${version}: reload the window so that both sides are of one build`);
          return;
        }
        if (greeted) {
          // A webview that was hidden is a new page when it is shown again; its host opens a new channel.
          if (message.reply !== true) close('the other side began anew');
          return;
        }
        greeted = true;
        // The other side may have come up after our first hello.
        post({ t: 'hello', version, reply: true });
        for (const early of held.splice(0)) post(early);
        return;
      case 'request':
        void answer(message.id, message.name, message.params);
        return;
      case 'result':
        pending.get(message.id)?.resolve(message.result);
        pending.delete(message.id);
        return;
      case 'error':
        pending.get(message.id)?.reject(new RequestFailed(message.message));
        pending.delete(message.id);
        return;
      case 'event': {
        let payload: unknown;
        try {
          payload = check('event', message.name, message.payload);
        } catch (error) {
          // An event has nobody to answer to. A side that says what the protocol does not know is not to be followed.
          close(`bad event "${message.name}": ${messageOf(error)}`);
          return;
        }
        for (const listener of listeners.get(message.name) ?? []) listener(payload);
        return;
      }
    }
  };

  transport.onClose(close);
  transport.onMessage((message) => {
    if (reason !== undefined || !isEnvelope(message)) return;
    receive(message);
  });
  post({ t: 'hello', version });

  return {
    closed,
    close,
    request: (name, params) =>
      new Promise((resolve, reject) => {
        if (reason !== undefined) {
          reject(new ChannelClosed(reason));
          return;
        }
        const id = nextId++;
        pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
        post({ t: 'request', id, name, params });
      }),
    send: (name, payload) => post({ t: 'event', name, payload }),
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener as (payload: unknown) => void);
      return () => set.delete(listener as (payload: unknown) => void);
    },
  };
}

function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && typeof (message as { t?: unknown }).t === 'string';
}
