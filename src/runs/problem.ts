import type { z } from 'zod';

export { messageOf } from '../protocol/messageOf';

/** Something in a run folder that could not be read: one clear line that names the file and what to do. */
export interface Problem {
  /** Relative to the run folder. */
  readonly file: string;
  readonly message: string;
}

/** What a schema first found wrong, as `config.gamma: expected number, received string`. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String).join('.');
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return path === '' ? message : `${path}: ${message}`;
}

/** Whether a file operation failed because there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
