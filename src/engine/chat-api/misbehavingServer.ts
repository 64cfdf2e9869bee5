import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChatMessage } from './attempt';

/** A request as the server got it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly messages: readonly ChatMessage[]; readonly [field: string]: unknown };
}

/** What the server does with one request. */
export type Behaviour = (response: ServerResponse, request: SeenRequest) => void;

/** A chat endpoint on this machine, for tests, that does what it is told, request by request. */
export interface MisbehavingServer {
  /** As a client's `baseUrl`. */
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Requests that were under way at once, at most. */
  readonly mostAtOnce: number;
  /** What the next requests meet, one each; after them `otherwise`. */
  script(...behaviours: readonly Behaviour[]): void;
  /** What requests meet that the script says nothing about. */
  otherwise(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Answers properly. */
export function says(text: string | null, more: Readonly<Record<string, unknown>> = {}, finish = 'stop'): Behaviour {
  return json(200, {
    choices: [{ index: 0, message: { role: 'assistant', content: text, ...more }, finish_reason: finish }],
    usage: { prompt_tokens: 100, completion_tokens: 10 },
  });
}

/** Answers with a status, a JSON body and headers. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return raw(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

/** Answers with a status and any body. */
export function raw(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return (response) => response.writeHead(status, headers).end(body);
}

/** Never answers. */
export const hangs: Behaviour = () => undefined;

/** Begins to answer and never ends. */
export const stalls: Behaviour = (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"choices": [');

/** Cuts the connection. */
export const resets: Behaviour = (response) => response.socket?.resetAndDestroy();

/** Does something later. */
export function late(milliseconds: number, behaviour: Behaviour): Behaviour {
  return (response, request) => void setTimeout(() => behaviour(response, request), milliseconds);
}

/** Listens on a free port of the loopback interface. */
export async function startMisbehavingServer(): Promise<MisbehavingServer> {
  const seen: SeenRequest[] = [];
  let queue: Behaviour[] = [];
  let fallback: Behaviour = says('A');
  let running = 0;
  let most = 0;
  const server = createServer((incoming, response) => {
    most = Math.max(most, ++running);
    response.on('close', () => running--);
    let text = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => {
      text += chunk;
    });
    incoming.on('end', () => {
      const request: SeenRequest = { path: incoming.url ?? '', headers: incoming.headers, body: JSON.parse(text) as SeenRequest['body'] };
      seen.push(request);
      (queue.shift() ?? fallback)(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    get mostAtOnce() {
      return most;
    },
    script: (...behaviours) => {
      queue = [...behaviours];
    },
    otherwise: (behaviour) => {
      fallback = behaviour;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
