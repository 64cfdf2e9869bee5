import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import { MATCHUP_PATHS, MATCHUPS_FORMAT, type MatchupsFile, matchupsFile } from '../protocol/matchups';
import { PLAY_FORMAT, PLAY_PATHS, type PlayFile, playFile } from '../protocol/play';
import { firstIssue, isMissing, messageOf } from './problem';

/** Reads a matchups.json. @throws Error in one line */
export function parseMatchups(text: string): MatchupsFile {
  return parsed(text, matchupsFile, MATCHUPS_FORMAT, MATCHUP_PATHS.matchups);
}

/** Reads a play.json. @throws Error in one line */
export function parsePlay(text: string): PlayFile {
  return parsed(text, playFile, PLAY_FORMAT, PLAY_PATHS.play);
}

/** The match-ups that a folder holds; null where it holds none (yet). @throws Error in one line */
export async function readMatchups(folder: string): Promise<MatchupsFile | null> {
  const text = await textOf(join(folder, MATCHUP_PATHS.matchups));
  return text === null ? null : parseMatchups(text);
}

/** The negotiation with a person that a folder holds; null where it holds none (yet). @throws Error in one line */
export async function readPlay(folder: string): Promise<PlayFile | null> {
  const text = await textOf(join(folder, PLAY_PATHS.play));
  return text === null ? null : parsePlay(text);
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function parsed<T>(text: string, schema: z.ZodType<T>, format: number, name: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is not whole JSON (${messageOf(error)}). Restore it from a copy`);
  }
  const given = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (typeof given === 'number' && given > format) {
    throw new Error(`${name} is of format ${given}, and this Parley reads up to ${format}: update Parley to open it`);
  }
  const result = schema.safeParse(json);
  if (!result.success) throw new Error(`${name}: ${firstIssue(result.error)}. Restore the file from a copy`);
  return result.data;
}
