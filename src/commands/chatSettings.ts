import * as vscode from 'vscode';
import { originOf } from '../protocol/chatEndpoints';
import type { InferenceSettings } from '../protocol/inference';
import { hasChatOpponent } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';
import type { TrainParams } from '../protocol/trainer';
import { APIS_SETTING, endpointsAmong, keysOf, type ReadApis, readApis, whyUnreachable } from '../runs/chatApis';
import { SERVER_SETTINGS } from '../runs/serverSettings';
import { showWarning } from '../views/notices';
import { Refusal } from './services';
import { isServerConfigured, secretName, serverReach } from './trainingServers';

type Secrets = Pick<vscode.ExtensionContext, 'secrets'>;

/** The endpoints that the settings describe. */
export function configuredApis(): ReadApis {
  return readApis(vscode.workspace.getConfiguration().get<unknown>(APIS_SETTING));
}

/** What players are reached by: the endpoints of the settings that can be used, and their keys. */
export async function chatSettings({ secrets }: Secrets): Promise<Pick<InferenceSettings, 'apis' | 'keys'>> {
  const { apis } = configuredApis();
  const stored = new Map<string, string>();
  for (const origin of new Set(Object.values(apis).map(originOf))) {
    const key = await secrets.get(secretName(origin));
    if (key !== undefined) stored.set(origin, key);
  }
  return { apis, keys: keysOf(apis, stored, process.env) };
}

/** @throws Refusal naming the first endpoint among players that cannot be asked, and what to do */
export async function refuseUnreachable(context: Secrets, players: readonly string[]): Promise<void> {
  const names = endpointsAmong(players);
  if (names.length === 0) return;
  const { keys } = await chatSettings(context);
  for (const name of names) {
    const why = whyUnreachable(name, configuredApis(), keys);
    if (why !== null) throw new Refusal(why);
  }
}

/** What a trainer is given of all this: the endpoint that its run's opponent is, and the key of its training server. @throws Refusal */
export async function runReach(context: Secrets, config: RunConfig): Promise<Pick<TrainParams, 'apis' | 'keys' | 'server'>> {
  return { ...(await serverReach(context, config)), ...(await opponentReach(context, config)) };
}

async function opponentReach(context: Secrets, config: RunConfig): Promise<Pick<TrainParams, 'apis' | 'keys'>> {
  if (!hasChatOpponent(config)) return {};
  await refuseUnreachable(context, [config.opponent]);
  const [name = ''] = endpointsAmong([config.opponent]);
  const { apis, keys } = await chatSettings(context);
  const endpoint = apis[name];
  const key = keys[name];
  return { ...(endpoint === undefined ? {} : { apis: { [name]: endpoint } }), ...(key === undefined ? {} : { keys: { [name]: key } }) };
}

/** Says what is wrong with the setting when it changes, once a problem, and keeps the context keys of the commands about keys and servers. */
export function watchApis(): vscode.Disposable {
  const told = new Set<string>();
  const look = (): void => {
    const { apis, problems } = configuredApis();
    void vscode.commands.executeCommand('setContext', 'parley.hasApis', Object.keys(apis).length > 0 || isServerConfigured());
    void vscode.commands.executeCommand('setContext', 'parley.hasTrainingServer', isServerConfigured());
    for (const problem of problems.values()) {
      if (told.has(problem)) continue;
      told.add(problem);
      void showWarning(problem, 'Open Settings').then((answer) => {
        if (answer !== undefined) void vscode.commands.executeCommand('workbench.action.openSettings', APIS_SETTING);
      });
    }
  };
  look();
  return vscode.workspace.onDidChangeConfiguration(
    (change) => [APIS_SETTING, SERVER_SETTINGS].some((setting) => change.affectsConfiguration(setting)) && look(),
  );
}
