import { FILTER_FIELDS, FILTER_FUNCTIONS } from './fields';

/** One completion: what replaces the text from `from` to the caret. */
export interface Completion {
  readonly text: string;
  readonly meaning: string;
}

/** Completions at a caret. */
export interface Completions {
  readonly from: number;
  readonly options: readonly Completion[];
}

const NONE: Completions = { from: 0, options: [] };

/** Texts that a name is usually compared with. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  game: ['ipd', 'split', 'trust-and-split', 'trust-and-split-values', 'deal-or-no-deal'],
  algorithm: ['rl', 'aa', 'aa-jit', 'sum'],
  'player.alice': ['policy', 'snapshot:', 'scripted:'],
  'player.bob': ['policy', 'snapshot:', 'scripted:'],
};

/** What may stand at the caret: names where a test begins, values after a comparison, `and` and `or` after a test. */
export function completeFilter(text: string, caret: number): Completions {
  const before = text.slice(0, caret);
  const value = /([a-z.]+)\s*(?:==|!=)\s*("?[\w:-]*)$/i.exec(before);
  if (value !== null) {
    const typed = value[2]!;
    const known = VALUES[value[1]!.toLowerCase()] ?? [];
    return offer(
      caret - typed.length,
      typed,
      known.map((one) => ({ text: `"${one}"`, meaning: '' })),
    );
  }
  // Inside a text: nothing to say.
  if ((before.match(/"/g)?.length ?? 0) % 2 === 1) return NONE;
  const word = /[a-z_.]*$/i.exec(before)?.[0] ?? '';
  const from = caret - word.length;
  const ahead = before.slice(0, from).trimEnd();
  if (ahead === '' || /(?:^|[\s(])(?:and|or|not)$|\($/i.test(ahead)) return offer(from, word, STARTS);
  if (/[\d")]$|(?:^|[\s(])(?:invalid)$/i.test(ahead) && before.length > ahead.length) return offer(from, word, JOINTS);
  return NONE;
}

const STARTS: readonly Completion[] = [
  ...FILTER_FIELDS.map(({ name, meaning }) => ({ text: name, meaning })),
  ...FILTER_FUNCTIONS.map(({ name, meaning }) => ({ text: `${name}("`, meaning })),
  { text: 'not', meaning: 'the opposite of what follows' },
];
const JOINTS: readonly Completion[] = [
  { text: 'and', meaning: 'both' },
  { text: 'or', meaning: 'at least one' },
];

function offer(from: number, typed: string, options: readonly Completion[]): Completions {
  const wanted = typed.toLowerCase();
  const left = options.filter(({ text }) => text.toLowerCase().startsWith(wanted) && text.toLowerCase() !== wanted);
  return { from, options: left };
}
