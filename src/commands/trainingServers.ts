import * as vscode from 'vscode';
import { originOf } from '../protocol/chatEndpoints';
import type { RunConfig } from '../protocol/runConfig';
import { serverNotes, trainsOnServer } from '../protocol/serverLimits';
import type { TrainParams } from '../protocol/trainer';
import { SERVER_KEY_VARIABLE, serverUrl } from '../protocol/trainingServer';
import type { Layer } from '../runs/presets';
import { messageOf } from '../runs/problem';
import { ServedRuns } from '../runs/servedRuns';
import { type ConfiguredServer, hasServer, readServer, SERVER_SETTINGS, serverLayer } from '../runs/serverSettings';
import { showInformation } from '../views/notices';
import { Refusal, type Services } from './services';

/** Stands in the place of a policy for the model on the training server of the settings. */
export const SERVER_POLICY = SERVER_SETTINGS;

type Secrets = Pick<vscode.ExtensionContext, 'secrets'>;

/** Under which name a key is stored: one for each origin, so that no server gets the key of another. */
export function secretName(origin: string): string {
  return `parley.key:${origin}`;
}

/** Whether the settings describe a training server. */
export function isServerConfigured(): boolean {
  return hasServer(serverSettings());
}

/** The settings as they are, to be read by `runs/serverSettings`. */
export function serverSettings(): unknown {
  return vscode.workspace.getConfiguration().get<unknown>(SERVER_SETTINGS);
}

/** What the key of the settings' training server is stored under; undefined where they describe none. */
export function serverOrigin(): string | undefined {
  const parsed = serverUrl.safeParse(vscode.workspace.getConfiguration(SERVER_SETTINGS).get<unknown>('baseUrl'));
  return parsed.success ? originOf({ baseUrl: parsed.data }) : undefined;
}

/** The training server of the settings. @throws Refusal naming the setting that is wrong */
export function configuredServer(): ConfiguredServer {
  try {
    return readServer(serverSettings());
  } catch (error) {
    throw new Refusal(messageOf(error));
  }
}

/** What a chosen policy sets in a configuration; nothing for the embedded one, which presets name. @throws Refusal */
export function policyLayers(policy: string): Layer[] {
  if (policy === 'embedded') return [];
  return [policy === SERVER_POLICY ? serverLayer(configuredServer()) : { source: 'policy', settings: { policy } }];
}

/** The key of a server: the stored one of its origin, else that of the environment if it is the server of the settings. */
export async function serverKey({ secrets }: Secrets, baseUrl: string): Promise<string | undefined> {
  const origin = originOf({ baseUrl });
  const stored = await secrets.get(secretName(origin));
  if (stored) return stored;
  // A run folder of somebody else's may name any server.
  return (serverOrigin() === origin && process.env[SERVER_KEY_VARIABLE]) || undefined;
}

/** What a trainer is given of its training server's key; it lives in memory alone. */
export async function serverReach(context: Secrets, config: RunConfig): Promise<Pick<TrainParams, 'server'>> {
  if (!trainsOnServer(config)) return {};
  const key = await serverKey(context, config.engine.baseUrl);
  return key === undefined ? {} : { server: { key } };
}

/** Says once for runs that begin together what their server leaves out. */
export function tellServerNotes({ log }: Pick<Services, 'log'>, configs: readonly RunConfig[]): void {
  const notes = [...new Set(configs.flatMap(serverNotes))];
  if (notes.length === 0) return;
  for (const note of notes) log.info(`training server: ${note}`);
  void showInformation(`On the training server: ${notes.join('; ')}.`, 'Show Log').then((answer) => answer && log.show(true));
}

/** Stops the server that we started once the runs that trained on it have ended. */
export function stopServerWithRuns({ store, queue, localServer, serverLog }: Services): vscode.Disposable {
  const served = new ServedRuns();
  const look = (): void => {
    const training = store.runs.flatMap(({ active, file }) => (active !== null && file !== null ? [file.config] : []));
    if (!served.isOver({ url: localServer.url, training, waiting: queue.waiting.length + queue.underway.length })) return;
    serverLog.info('stopping: the runs that trained on it have ended');
    void localServer.stop();
  };
  const stops = [store.onChanged(look), queue.onChanged(look)];
  return vscode.Disposable.from(...stops.map((dispose) => ({ dispose })));
}
