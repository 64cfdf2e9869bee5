import type { Misbehaviour } from './trainingServer';

/** Answers with a status, a JSON body and headers. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Misbehaviour {
  return (response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Answers with any text. */
export function raw(status: number, body: string): Misbehaviour {
  return (response) => response.writeHead(status).end(body);
}

/** Cuts the connection before anything is done. */
export const resets: Misbehaviour = (response) => response.socket?.resetAndDestroy();

/** Never answers. */
export const hangs: Misbehaviour = () => undefined;

/** Does what it is asked, and loses the answer. */
export const losesAnswer: Misbehaviour = (response, serve) => {
  response.end = () => {
    response.socket?.resetAndDestroy();
    return response;
  };
  serve();
};

/** A gateway's error page. */
export const badGateway = raw(502, '<html>Bad gateway</html>');

/** The same behaviour for many requests. */
export function always(behaviour: Misbehaviour): Misbehaviour[] {
  return new Array<Misbehaviour>(1000).fill(behaviour);
}
