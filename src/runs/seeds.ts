/** Seeds that make no list; the message is one clause that says how to write them. */
export class SeedsError extends Error {
  override readonly name = 'SeedsError';
}

/** More seeds than this are a slip of the finger. */
const MOST = 1000;

const FORMS = 'write seeds as 0-4 or 1,3,5';

/** Reads `0-4`, `1,3,5` or `0-2,7`, as written, each once. @throws SeedsError */
export function parseSeeds(text: string): number[] {
  const seeds = new Set<number>();
  for (const part of text.split(',').map((each) => each.trim())) {
    const [, from, to = from] = /^(\d{1,15})(?:\s*[-–]\s*(\d{1,15}))?$/.exec(part) ?? [];
    if (from === undefined || to === undefined) throw new SeedsError(part === '' ? FORMS : `"${part}" is no seed: ${FORMS}`);
    if (Number(to) < Number(from)) throw new SeedsError(`"${part}" runs backwards: write ${to}-${from}`);
    if (Number(to) - Number(from) >= MOST) throw new SeedsError(`"${part}" are more than ${MOST} seeds`);
    for (let seed = Number(from); seed <= Number(to); seed++) seeds.add(seed);
  }
  if (seeds.size > MOST) throw new SeedsError(`${seeds.size} seeds are more than ${MOST}`);
  return [...seeds];
}

/** Seeds in words: `seed 3`, `seeds 0–4`, `seeds 1, 3, 5–7`. */
export function seedsText(seeds: Iterable<number>): string {
  const ascending = [...new Set(seeds)].sort((a, b) => a - b);
  const spans: [first: number, last: number][] = [];
  for (const seed of ascending) {
    const span = spans.at(-1);
    if (span !== undefined && span[1] === seed - 1) span[1] = seed;
    else spans.push([seed, seed]);
  }
  const parts = spans.map(([first, last]) => (first === last ? `${first}` : last === first + 1 ? `${first}, ${last}` : `${first}–${last}`));
  return `${ascending.length === 1 ? 'seed' : 'seeds'} ${parts.join(', ')}`;
}
