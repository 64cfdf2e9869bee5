import type { Place } from '../protocol/webview';
import { place as placeSchema } from '../protocol/webview';

const NUMBERS = ['iteration', 'group', 'negotiation', 'round', 'turn', 'token', 'branch'] as const;

/** A link to a place: `vscode://parley.parley/open?run=…&iteration=…`. */
export function linkTo(scheme: string, extension: string, place: Place): string {
  const query = new URLSearchParams({ run: place.run });
  for (const name of NUMBERS) {
    const value = place[name];
    if (value !== undefined) query.set(name, String(value));
  }
  return `${scheme}://${extension}/open?${query}`;
}

/** The place that a link's query names. @throws Error in one line when it names none */
export function placeOf(path: string, query: string): Place {
  if (path !== '/open') throw new Error(`${path || 'an empty path'} is no Parley link: it has to be /open?run=…`);
  const given = new URLSearchParams(query);
  const found: Record<string, unknown> = { run: given.get('run') ?? undefined };
  for (const name of NUMBERS) {
    const value = given.get(name);
    if (value !== null) found[name] = /^\d+$/.test(value) ? Number(value) : value;
  }
  const parsed = placeSchema.safeParse(found);
  if (!parsed.success) throw new Error(`the link's ${parsed.error.issues[0]?.path.join('.') ?? 'place'} is missing or no number`);
  return parsed.data;
}
