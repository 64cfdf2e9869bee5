import { nearest } from '../domain/nearest';

/** Bad usage: one clear line for stderr; the process exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An option of a command. */
export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  /** What its value is called in the help; a flag has none. */
  readonly value?: string;
  readonly about: string;
  /** Whether it may be given more than once. */
  readonly repeats?: boolean;
}

/** What a command understands. */
export interface ArgumentSpec {
  readonly options: readonly OptionSpec[];
  /** Names of what stands on the line without dashes, all required; a last one that ends in … may be there more than once. */
  readonly positionals: readonly string[];
}

/** A command line, read. */
export interface Arguments {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** @throws UsageError unless it is a whole number of at least `least`. */
  count(name: string, least?: number): number | undefined;
  /** @throws UsageError naming the nearest choice. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
}

/** Reads the words after a command's name. @throws UsageError for what the command does not understand. */
export function readArguments(words: readonly string[], { options, positionals: names }: ArgumentSpec): Arguments {
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      positionals.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      positionals.push(word);
      continue;
    }
    const [flag = '', inline] = splitOnce(word);
    const option = options.find(({ name }) => `--${name}` === flag);
    if (!option) throw new UsageError(`there is no option ${flag}${suggestion(flag, options)}`);
    const before = values.get(option.name) ?? [];
    if (before.length > 0 && option.repeats !== true) throw new UsageError(`${flag} is given twice`);
    if (option.value === undefined) {
      if (inline !== undefined) throw new UsageError(`${flag} takes no value`);
      values.set(option.name, ['']);
      continue;
    }
    const value = inline ?? words[++i];
    if (value === undefined || (inline === undefined && value.startsWith('--')))
      throw new UsageError(`${flag} needs a value: ${flag} ${option.value}`);
    values.set(option.name, [...before, value]);
  }
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing.replace('…', '')} is missing`);
  const surplus = names.at(-1)?.endsWith('…') === true ? undefined : positionals[names.length];
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one word too many${surplus.includes('=') ? '; settings go behind --set' : ''}`);
  return reader(positionals, values);
}

/** `; did you mean X?`, or the names there are. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near === undefined ? `; there are ${names.join(', ')}` : `; did you mean ${near}?`;
}

function reader(positionals: readonly string[], values: ReadonlyMap<string, readonly string[]>): Arguments {
  const text = (name: string): string | undefined => values.get(name)?.at(-1);
  return {
    positionals,
    has: (name) => values.has(name),
    text,
    texts: (name) => values.get(name) ?? [],
    count: (name, least = 0) => {
      const given = text(name);
      if (given === undefined) return undefined;
      const number = /^\d+$/.test(given) ? Number(given) : Number.NaN;
      if (!Number.isSafeInteger(number) || number < least)
        throw new UsageError(`--${name} ${given}: give a whole number of ${least} or more`);
      return number;
    },
    choice: (name, choices) => {
      const given = text(name);
      const chosen = choices.find((choice) => choice === given);
      if (given !== undefined && chosen === undefined)
        throw new UsageError(`--${name} ${given}: there is no such ${name}${didYouMean(given, choices)}`);
      return chosen;
    },
  };
}

function suggestion(flag: string, options: readonly OptionSpec[]): string {
  const near = nearest(flag.replace(/^-+/, ''), [...options.map(({ name }) => name), 'help']);
  return near === undefined ? '; --help lists those there are' : `; did you mean --${near}?`;
}

function splitOnce(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
