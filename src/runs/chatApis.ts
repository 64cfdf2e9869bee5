import { type ChatEndpoint, type ChatEndpoints, chatEndpoints, originOf } from '../protocol/chatEndpoints';
import { firstIssue } from './problem';

/** Endpoints as the settings describe them: those that can be used, and what is wrong with the others, by NAME. */
export interface ReadApis {
  readonly apis: ChatEndpoints;
  /** One line each, naming the field. */
  readonly problems: ReadonlyMap<string, string>;
}

/** The setting that describes endpoints. */
export const APIS_SETTING = 'parley.apis';

/** Reads the setting, entry by entry, so that a wrong one takes no other with it. */
export function readApis(value: unknown): ReadApis {
  const apis: ChatEndpoints = {};
  const problems = new Map<string, string>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (value !== undefined && value !== null) problems.set('', `${APIS_SETTING}: give an object, {"NAME": {"baseUrl": …, "model": …}}`);
    return { apis, problems };
  }
  for (const [name, entry] of Object.entries(value)) {
    const parsed = chatEndpoints.safeParse({ [name]: entry });
    const endpoint = parsed.success ? parsed.data[name] : undefined;
    if (endpoint !== undefined) apis[name] = endpoint;
    else problems.set(name, `${APIS_SETTING}.${parsed.success ? name : firstIssue(parsed.error)}`);
  }
  return { apis, problems };
}

/** Keys by NAME: what is stored under the endpoint's origin, else its environment variable; none where both are silent. */
export function keysOf(
  apis: ChatEndpoints,
  stored: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(apis).flatMap(([name, endpoint]) => {
      const key = stored.get(originOf(endpoint)) || environmentKey(endpoint, environment);
      return key ? [[name, key]] : [];
    }),
  );
}

/** Why an endpoint cannot be asked, in one line that says what to do; null where it can. */
export function whyUnreachable(name: string, { apis, problems }: ReadApis, keys: Readonly<Record<string, string>>): string | null {
  const problem = problems.get(name) ?? problems.get('');
  if (problem !== undefined) return problem;
  const endpoint = Object.hasOwn(apis, name) ? apis[name] : undefined;
  if (endpoint === undefined) return `api:${name} is not set up: describe it in the setting ${APIS_SETTING}`;
  if (endpoint.keyVariable === undefined || keys[name] !== undefined) return null;
  return `api:${name} has no key: choose Set API Key…, or put it into the environment variable ${endpoint.keyVariable}`;
}

/** Names of the endpoints among players as `parley evaluate` writes them. */
export function endpointsAmong(players: readonly string[]): string[] {
  return players.flatMap((player) => (player.startsWith('api:') ? [player.slice('api:'.length)] : []));
}

function environmentKey({ keyVariable }: ChatEndpoint, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  return keyVariable === undefined ? undefined : environment[keyVariable];
}
