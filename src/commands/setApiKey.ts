import * as vscode from 'vscode';
import * as z from 'zod';
import { originOf } from '../protocol/chatEndpoints';
import { APIS_SETTING } from '../runs/chatApis';
import { configuredApis } from './chatSettings';
import type { Command } from './command';
import { Refusal, type Services } from './services';
import { isServerConfigured, secretName, serverOrigin } from './trainingServers';

/** Origins that have a stored key; the keys themselves are in the secret storage alone. */
const ORIGINS = 'parley.keyOrigins';

/** What a caller may say in advance. */
const given = z.looseObject({ api: z.string().optional(), origin: z.string().optional(), key: z.string().min(1).optional() });

/** Keeps an endpoint's key in VS Code's secret storage, under the endpoint's origin. Nothing ever shows it. */
export const setApiKey: Command = {
  title: 'Set API Key…',
  needsTrust: true,
  inViews: false,
  run: async (services, args) => {
    const said = given.safeParse(args).data ?? {};
    const origin = said.origin ?? (await whichOrigin(services, said.api));
    if (origin === undefined) return undefined;
    const key = said.key ?? (await askForKey(origin));
    if (key === undefined) return undefined;
    const { secrets, globalState } = services.context;
    await secrets.store(secretName(origin), key);
    await globalState.update(ORIGINS, [...new Set([...storedOrigins(services), origin])]);
    await tellKeys(services);
    vscode.window.setStatusBarMessage(`The key for ${origin} is kept`, 5000);
    return origin;
  },
};

/** Takes a key out of the secret storage. */
export const forgetApiKey: Command = {
  title: 'Forget API Key…',
  needsTrust: true,
  inViews: false,
  run: async (services, args) => {
    const stored = storedOrigins(services);
    const named = given.safeParse(args).data?.origin;
    if (stored.length === 0) throw new Refusal('No API key is stored');
    if (named !== undefined && !stored.includes(named))
      throw new Refusal(`No key is stored for ${named}: there is one for ${stored.join(', ')}`);
    const options = { title: 'Forget API Key', placeHolder: 'The key for which server?' };
    const origin = named ?? (await vscode.window.showQuickPick([...stored], options));
    if (origin === undefined) return undefined;
    await services.context.secrets.delete(secretName(origin));
    const left = stored.filter((each) => each !== origin);
    await services.context.globalState.update(ORIGINS, left);
    await tellKeys(services);
    vscode.window.setStatusBarMessage(`The key for ${origin} is forgotten`, 5000);
    return origin;
  },
};

/** Tells whether there is a key to forget. */
export async function tellKeys(services: Pick<Services, 'context'>): Promise<void> {
  await vscode.commands.executeCommand('setContext', 'parley.hasApiKeys', storedOrigins(services).length > 0);
}

function storedOrigins({ context }: Pick<Services, 'context'>): readonly string[] {
  const value = context.globalState.get<unknown>(ORIGINS);
  return Array.isArray(value) ? value.filter((origin) => typeof origin === 'string') : [];
}

/** The origin of an endpoint or training server that is set up: the one named, the only one, or the one that the reader picks. @throws Refusal */
async function whichOrigin(services: Services, api: string | undefined): Promise<string | undefined> {
  const { apis, problems } = configuredApis();
  const names = Object.keys(apis);
  if (api !== undefined && apis[api] === undefined) {
    throw new Refusal(problems.get(api) ?? `api:${api} is not set up: describe it in the setting ${APIS_SETTING}`);
  }
  const server = isServerConfigured() ? serverOrigin() : undefined;
  if (names.length === 0 && server === undefined)
    throw new Refusal([...problems.values()][0] ?? `No chat endpoint is set up: describe one in the setting ${APIS_SETTING}`);
  const stored = storedOrigins(services);
  const origins = new Map<string, string[]>();
  for (const [name, endpoint] of Object.entries(apis)) {
    if (api === undefined || api === name) origins.set(originOf(endpoint), [...(origins.get(originOf(endpoint)) ?? []), `api:${name}`]);
  }
  if (server !== undefined && api === undefined) origins.set(server, [...(origins.get(server) ?? []), 'training server']);
  const items = [...origins].map(([origin, of]) => ({
    label: origin,
    description: of.join(', '),
    ...(stored.includes(origin) ? { detail: 'Has a key, which the new one replaces' } : {}),
  }));
  if (items.length === 1) return items[0]?.label;
  return (
    await vscode.window.showQuickPick(items, { title: 'Set API Key', placeHolder: 'The key for which server?', matchOnDescription: true })
  )?.label;
}

async function askForKey(origin: string): Promise<string | undefined> {
  const key = await vscode.window.showInputBox({
    title: 'Set API Key',
    prompt: `Kept in VS Code’s secret storage, sent to ${origin} and nowhere else, never shown`,
    placeHolder: `Key for ${origin}`,
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' ? 'An empty key is none' : undefined),
  });
  return key?.trim();
}
