import type * as z from 'zod';
import { firstIssue, messageOf } from '../runs/problem';
import type { Terminal } from './terminal';

/**
 * The JSON on stdin.
 * @param form what it has to be: `an array of cases`
 * @throws Error in one line that names the field.
 */
export async function readStandardInput<T>(terminal: Terminal, schema: z.ZodType<T>, form: string): Promise<T> {
  let json: unknown;
  try {
    json = JSON.parse(await terminal.readAll());
  } catch (error) {
    throw new Error(`stdin is not JSON (${messageOf(error)}); give ${form}, as --help describes`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const whole = parsed.error.issues[0]?.path.length === 0 ? `; give ${form}, as --help describes` : '';
  throw new Error(`stdin: ${firstIssue(parsed.error)}${whole}`);
}
