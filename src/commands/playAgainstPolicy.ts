import * as vscode from 'vscode';
import * as z from 'zod';
import type { GameId } from '../domain/games/game';
import { games } from '../domain/games/index';
import type { PlayFile } from '../protocol/play';
import { gameId, gameSettings } from '../protocol/runConfig';
import { readPlay } from '../runs/playedFiles';
import { isChat, PlayHandle } from '../runs/playHandle';
import { playTotals } from '../runs/playTable';
import { firstIssue, messageOf } from '../runs/problem';
import { points } from '../runs/rowWords';
import { usageLine } from '../runs/usageLine';
import { showInformation } from '../views/notices';
import { plainWords } from '../views/plainWords';
import { askTurn } from './askTurn';
import { refuseUnreachable } from './chatSettings';
import type { Command } from './command';
import { gameChoices } from './evaluateMatchups';
import { freePlayedFolder, openPlayed, playedFolders, playedRoot } from './matchupsLibrary';
import { playerChoices } from './playerChoices';
import { Refusal, type Services } from './services';
import { askSteps } from './steps';

const TITLE = 'Play Against Policy';

/** What a caller may say in advance; with an opponent or a folder named, only turns are asked for. */
const given = z.strictObject({
  game: gameId.optional(),
  /** As `parley evaluate` writes players, with absolute paths. */
  opponent: z.string().min(1).optional(),
  seat: z.union([z.literal(0), z.literal(1)]).optional(),
  seed: z.int().nonnegative().optional(),
  rules: gameSettings.partial().optional(),
  /** A negotiation to go on with, or to read. */
  folder: z.string().optional(),
  /** What the person says, turn by turn; after the last one it is paused. */
  answers: z.array(z.string()).optional(),
  /** Folder that the negotiation's folder is made in. */
  root: z.string().optional(),
});

/** Seeds of new negotiations, so that nobody is dealt the same twice. */
const SEEDS = 2 ** 31;

/** A person takes turns against a policy, a scripted player or an endpoint; resolves with the folder that keeps the negotiation. */
export const playAgainstPolicy: Command = {
  title: `${TITLE}…`,
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const said = parseArgs(args);
    const folder = said.folder ?? (said.opponent === undefined ? await whichOne(services) : null);
    if (folder === undefined) return undefined;
    const handle = folder === null ? await begin(services, said) : await goOn(services, folder);
    if (handle === undefined) return undefined;
    await takeTurns(services, handle, said.answers === undefined ? null : [...said.answers]);
    return handle.folder;
  },
};

function parseArgs(args: unknown): z.infer<typeof given> {
  // Menus pass what was clicked on; that is no way to say how to play.
  if (typeof args !== 'object' || args === null || !Object.keys(args).some((key) => key in given.shape)) return {};
  const parsed = given.safeParse(args);
  if (!parsed.success) throw new Refusal(`${TITLE}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/** Takes turns until it has ended, or the person pauses. */
async function takeTurns(services: Services, handle: PlayHandle, answers: string[] | null): Promise<void> {
  const { tables } = services;
  const opponent = plainWords(handle.file.opponent.name);
  await tables.show(handle);
  while (handle.ask !== null) {
    const text = answers === null ? await askTurn(handle.ask, opponent) : answers.shift();
    if (text === undefined) {
      vscode.window.setStatusBarMessage(`Paused: ${TITLE} goes on`, 5000);
      return;
    }
    await waiting(services, handle.chat, `${opponent} …`, (options) => handle.say(text, options));
    await tables.show(handle);
  }
  await ended(services, handle);
}

/** Both totals, what it cost, and the way to every token. */
async function ended(services: Services, { folder, file }: PlayHandle): Promise<void> {
  const run = await openPlayed(services, folder);
  const { own, theirs } = playTotals(file);
  const cost = file.usage === null ? '' : ` ${plainWords(file.opponent.name)}: ${usageLine(file.usage)}.`;
  const line = `You got ${points(own)} points, ${plainWords(file.opponent.name)} ${points(theirs)}.${cost}`;
  void showInformation(line, 'Read It Turn by Turn').then((answer) => {
    if (answer !== undefined) void readEnded(services, run.folder.path);
  });
}

/** Shows a negotiation that has ended in the tree and the inspector. */
async function readEnded(services: Services, folder: string): Promise<void> {
  const run = await openPlayed(services, folder);
  const place = run.complete({ run: run.id, iteration: 1, negotiation: 0 });
  services.selection.goTo(place);
  services.tree.reveal(place);
  services.inspector.open();
}

/** Does a step of the other side, with a sign of it while it takes its time; an endpoint can be called off. @throws Refusal */
async function waiting<T>(
  services: Services,
  chat: boolean,
  title: string,
  act: (options: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const location = chat ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
  return vscode.window.withProgress({ location, title, cancellable: chat }, async (_, cancelled) => {
    cancelled.onCancellationRequested(() => stop.abort(new Error('called off; nothing is lost')));
    try {
      return await act({ signal: stop.signal });
    } catch (error) {
      services.log.warn(`${TITLE}: ${messageOf(error)}`);
      throw new Refusal(`${TITLE}: ${messageOf(error)}`);
    }
  });
}

async function begin(services: Services, said: z.infer<typeof given>): Promise<PlayHandle | undefined> {
  const { context, inference, tables } = services;
  const { opponent, game = 'ipd' } = said;
  const chosen = opponent === undefined ? await choose(services) : { game, opponent };
  if (chosen === undefined) return undefined;
  await refuseUnreachable(context, [chosen.opponent]);
  const root = said.root ?? playedRoot(context, 'play', vscode.workspace.workspaceFolders?.[0]);
  const out = freePlayedFolder(root, chosen.game, 'play');
  const params = { ...chosen, seat: said.seat ?? 0, seed: said.seed ?? Math.floor(Math.random() * SEEDS), rules: said.rules ?? {}, out };
  await tables.leaveOthers();
  try {
    return await waiting(services, isChat(chosen.opponent), `${TITLE}: opening ${plainWords(chosen.opponent)} …`, (options) =>
      PlayHandle.sit(inference, params, options),
    );
  } catch (error) {
    // Nothing was said yet.
    if ((await readPlay(out).catch(() => null)) === null) await remove(out);
    throw error;
  }
}

/** Goes on at the table that is there, or takes the negotiation up again; shows one that has ended. */
async function goOn(services: Services, folder: string): Promise<PlayHandle | undefined> {
  const { tables, inference } = services;
  const file = await readPlay(folder);
  if (file === null) throw new Refusal(`${folder} holds no negotiation: it has no play.json`);
  if (file.rollouts !== null) {
    await readEnded(services, folder);
    return undefined;
  }
  // The process knows whether its table is still there; if not, it plays what was said again.
  tables.handleOf(folder)?.release();
  await refuseUnreachable(services.context, [file.opponent.player]);
  return waiting(services, isChat(file.opponent.player), `${TITLE}: going on …`, (options) =>
    PlayHandle.takeUp(inference, folder, options),
  );
}

interface Item extends vscode.QuickPickItem {
  /** Null begins anew. */
  readonly folder: string | null;
}

const DELETE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('trash'), tooltip: 'Delete' };

/** Which negotiation to go on with or to read; null for a new one, undefined when the reader leaves. */
async function whichOne({ context }: Services): Promise<string | null | undefined> {
  const items = await offered(context);
  if (items.length === 0) return null;
  const pick = vscode.window.createQuickPick<Item>();
  const anew: Item = { label: '$(add) Begin a new negotiation', folder: null };
  pick.title = TITLE;
  pick.placeholder = 'Go on with one, or begin anew?';
  pick.matchOnDescription = true;
  pick.items = [...items.filter(({ buttons }) => buttons !== undefined), anew, ...items.filter(({ buttons }) => buttons === undefined)];
  try {
    return await new Promise((resolve) => {
      pick.onDidAccept(() => {
        const [item] = pick.selectedItems;
        if (item !== undefined) resolve(item.folder);
      });
      pick.onDidTriggerItemButton(({ item }) => {
        pick.items = pick.items.filter((each) => each !== item);
        if (item.folder !== null) void remove(item.folder);
      });
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}

/** Negotiations that are kept, the newest first; those under way can be deleted here, the others from the tree. */
async function offered(context: vscode.ExtensionContext): Promise<Item[]> {
  const kept = await Promise.all(
    (await playedFolders(context, 'play')).map(async (folder) => ({ folder, file: await readPlay(folder).catch(() => null) })),
  );
  return kept
    .flatMap(({ folder, file }) => (file === null ? [] : [{ folder, file }]))
    .sort((a, b) => b.file.created.localeCompare(a.file.created))
    .map(({ folder, file }) => itemOf(folder, file));
}

function itemOf(folder: string, file: PlayFile): Item {
  const { game, opponent, turns, rounds, rollouts, created } = file;
  const label = `${games[game].title} against ${plainWords(opponent.name)}`;
  const when = new Date(created).toLocaleString();
  if (rollouts === null) {
    return {
      label: `$(debug-continue) ${label}`,
      description: `round ${(turns.at(-1)?.round ?? 0) + 1} · ${when}`,
      folder,
      buttons: [DELETE],
    };
  }
  const { own, theirs } = playTotals({ seat: file.seat, rounds });
  return { label: `$(open-preview) ${label}`, description: `ended, ${points(own)} to ${points(theirs)} points · ${when}`, folder };
}

async function choose(services: Services): Promise<{ game: GameId; opponent: string } | undefined> {
  const answers: { game: GameId; opponent: string } = { game: 'ipd', opponent: '' };
  const steps = [
    { title: 'Game', placeholder: 'Which game do you play?', choices: () => gameChoices(services) },
    { title: 'Opponent', placeholder: 'Against whom?', choices: () => playerChoices(services, answers.game, false) },
  ];
  const done = await askSteps(TITLE, steps, (step, answer) => {
    if (step === 0) answers.game = gameId.parse(answer);
    else answers.opponent = z.string().parse(JSON.parse(answer));
  });
  return done ? answers : undefined;
}

/** To the trash where there is one. */
async function remove(folder: string): Promise<void> {
  const uri = vscode.Uri.file(folder);
  await vscode.workspace.fs
    .delete(uri, { recursive: true, useTrash: true })
    .then(undefined, () => vscode.workspace.fs.delete(uri, { recursive: true }).then(undefined, () => undefined));
}
