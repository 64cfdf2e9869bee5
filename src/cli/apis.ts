import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ChatEndpoints, chatEndpoints } from '../protocol/chatEndpoints';
import { firstIssue, isMissing, messageOf } from '../runs/problem';
import { type Arguments, type OptionSpec, UsageError } from './arguments';

/** Names the endpoints' file where `--apis` does not. */
const APIS_VARIABLE = 'PARLEY_APIS';

/** Where endpoints are described. */
export const APIS_OPTION: OptionSpec = {
  name: 'apis',
  value: 'FILE',
  about: `endpoints for api:NAME (default: the file that $${APIS_VARIABLE} names)`,
};

/** Endpoints from a file that the user named: never from the folder one happens to be in, whose author could have keys sent anywhere. @throws UsageError */
export function readApis(args: Arguments): ChatEndpoints {
  const path = args.text('apis') ?? process.env[APIS_VARIABLE];
  if (!path) return {};
  const source = args.text('apis') === undefined ? `$${APIS_VARIABLE}` : '--apis';
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(resolve(path), 'utf8'));
  } catch (error) {
    throw new UsageError(`${source} ${path}: ${isMissing(error) ? 'there is no such file' : `not JSON (${messageOf(error)})`}`);
  }
  const parsed = chatEndpoints.safeParse(json);
  if (!parsed.success) throw new UsageError(`${source} ${path}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}
