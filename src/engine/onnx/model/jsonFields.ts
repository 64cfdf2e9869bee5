import { readFile } from 'node:fs/promises';

/** Fields of a JSON object from outside, read with the file's name in every complaint. */
export class JsonFields {
  private readonly json: Readonly<Record<string, unknown>>;

  /** @throws Error naming the file when its JSON is not an object. */
  constructor(
    json: unknown,
    readonly path: string,
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${path} is not a JSON object`);
    this.json = json as Record<string, unknown>;
  }

  value(name: string): unknown {
    return Object.hasOwn(this.json, name) ? this.json[name] : undefined;
  }

  /** All of it. */
  all(): Readonly<Record<string, unknown>> {
    return this.json;
  }

  optional<T>(name: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.value(name);
    return is(value) ? value : undefined;
  }

  object(name: string): JsonFields | null {
    const value = this.value(name);
    return value == null ? null : new JsonFields(value, `${this.path}: ${name}`);
  }

  number(name: string, otherwise?: number): number {
    return this.read(name, 'a number', (value) => typeof value === 'number' && Number.isFinite(value), otherwise);
  }

  /** A number above 0. */
  positive(name: string, otherwise?: number): number {
    return this.read(name, 'a number above 0', (value) => typeof value === 'number' && Number.isFinite(value) && value > 0, otherwise);
  }

  integer(name: string, otherwise?: number): number {
    return this.read(name, 'a whole number above 0', (value) => Number.isSafeInteger(value) && (value as number) > 0, otherwise);
  }

  string(name: string, otherwise?: string): string {
    return this.read(name, 'a text', (value) => typeof value === 'string', otherwise);
  }

  boolean(name: string, otherwise?: boolean): boolean {
    return this.read(name, 'true or false', (value) => typeof value === 'boolean', otherwise);
  }

  private read<T>(name: string, what: string, is: (value: unknown) => boolean, otherwise: T | undefined): T {
    const value = this.value(name) ?? otherwise;
    if (!is(value)) throw new Error(`${this.path}: ${name} must be ${what}, not ${shortened(value)}`);
    return value as T;
  }
}

/** Reads a JSON file whose top is an object. @throws Error naming the file when it is not there (with `missing`, what to do), not JSON or no object. */
export async function readJsonFields(path: string, missing: string): Promise<JsonFields> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path} is missing${missing === '' ? '' : `; ${missing}`}`);
  });
  return parseJsonFields(text, path);
}

/** The same from the file's text. */
export function parseJsonFields(text: string, path: string): JsonFields {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON`);
  }
  return new JsonFields(json, path);
}

/** A value as JSON, cut so that a message stays a line. */
export function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
