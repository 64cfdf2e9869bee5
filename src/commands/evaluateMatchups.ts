import * as vscode from 'vscode';
import * as z from 'zod';
import type { GameId } from '../domain/games/game';
import { defaultGameSettings, GAME_IDS, games } from '../domain/games/index';
import { type MatchupsFile, writtenPlayer } from '../protocol/matchups';
import { gameId, gameSettings } from '../protocol/runConfig';
import { readMatchups } from '../runs/playedFiles';
import { firstIssue, messageOf } from '../runs/problem';
import { usageLine } from '../runs/usageLine';
import { showInformation } from '../views/notices';
import { refuseUnreachable } from './chatSettings';
import type { Command } from './command';
import { freePlayedFolder, matchupsId, openPlayed, playedRoot, unfinishedMatchups } from './matchupsLibrary';
import { playerChoices, type WrittenPlayer } from './playerChoices';
import { Refusal, type Services } from './services';
import { askSteps, type Choice } from './steps';

const TITLE = 'Evaluate Match-ups';

/** Folders that this window plays into at the moment. */
const playing = new Set<string>();

/** What a caller may say in advance; with players named, nothing is asked and the defaults fill the rest. */
const given = z.strictObject({
  game: gameId.optional(),
  /** As `parley evaluate` writes them, with absolute paths. */
  players: z.array(writtenPlayer).min(1).optional(),
  /** Negotiations a cell, an even number. */
  negotiations: z.int().positive().multipleOf(2).optional(),
  seed: z.int().nonnegative().optional(),
  rules: gameSettings.partial().optional(),
  /** Folder that the match-ups' folder is made in. */
  root: z.string().optional(),
});

interface Chosen {
  readonly game: GameId;
  readonly players: readonly WrittenPlayer[];
  readonly negotiations: number;
}

/**
 * Plays every player against every other and itself and shows the matrix; resolves with the folder that keeps it. Where the very same was
 * asked for before and cut off, it goes on there.
 */
export const evaluateMatchups: Command = {
  title: `${TITLE}…`,
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const said = parseArgs(args);
    const { players, game = 'ipd', negotiations = 64 } = said;
    const chosen = players === undefined ? await choose(services) : { game, players, negotiations };
    if (chosen === undefined) return undefined;
    await refuseUnreachable(
      services.context,
      chosen.players.flatMap((player) => (typeof player === 'string' ? [player] : player.members)),
    );
    const root = said.root ?? (await chooseRoot(services));
    if (root === undefined) return undefined;
    const seed = said.seed ?? vscode.workspace.getConfiguration('parley').get<number>('seed', 0);
    const asked = { ...chosen, seed, rules: said.rules ?? {} };
    const left = (await unfinishedMatchups(root, asked)).find((folder) => !playing.has(folder));
    const out = left ?? freePlayedFolder(root, chosen.game, 'matchups');
    playing.add(out);
    const matrix = await play(services, { ...asked, out }).finally(() => playing.delete(out));
    if (matrix === null) return undefined;
    tellCosts(matrix);
    return out;
  },
};

function parseArgs(args: unknown): z.infer<typeof given> {
  // Menus and views pass what was clicked on; that is no way to say who plays.
  if (typeof args !== 'object' || args === null || !Object.keys(args).some((key) => key in given.shape)) return {};
  const parsed = given.safeParse(args);
  if (!parsed.success) throw new Refusal(`${TITLE}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/** Plays with a notification that can call it off; what was played by then is kept and shown. Null where that is nothing. */
async function play(
  services: Services,
  params: Chosen & { readonly seed: number; readonly rules: Partial<MatchupsFile['rules']>; readonly out: string },
): Promise<MatchupsFile | null> {
  const { inference, inspector } = services;
  const { out, players } = params;
  const stop = new AbortController();
  const id = matchupsId(out);
  let told = 0;
  let failure: unknown;
  /** The matrix as far as it is filled, in the order in which cells came. */
  let showing: Promise<void> = Promise.resolve();
  const show = (): void => {
    showing = showing.then(async () => {
      const file = await readMatchups(out);
      if (file !== null) inspector.showMatchups(id, file, { reveal: told++ === 0 });
    });
  };
  const options = { location: vscode.ProgressLocation.Notification, title: `${TITLE}: ${params.game}`, cancellable: true };
  await vscode.window.withProgress(options, async (progress, cancelled) => {
    cancelled.onCancellationRequested(() => stop.abort(new Error('called off')));
    progress.report({ message: `${players.length} ${players.length === 1 ? 'player' : 'players'} …` });
    try {
      await inference.perform(
        'evaluate',
        { ...params, players: [...players] },
        {
          signal: stop.signal,
          onProgress: (done, of, message) => {
            progress.report({ message, increment: 100 / of });
            if (done > 0) show();
          },
        },
      );
    } catch (error) {
      failure = error;
    }
  });
  show();
  await showing;
  const kept = await readMatchups(out);
  if (kept === null) await vscode.workspace.fs.delete(vscode.Uri.file(out), { recursive: true }).then(undefined, () => undefined);
  else await openPlayed(services, out);
  if (failure === undefined) return kept;
  const left =
    kept === null ? '' : `. What was played by then (${pairs(kept.rollouts.length)}) is kept: the same choice goes on from there`;
  if (!stop.signal.aborted) throw new Refusal(`${TITLE}: ${messageOf(failure)}${left}`);
  if (kept !== null) void showInformation(`Match-ups called off${left}`);
  return kept;
}

function pairs(count: number): string {
  return `${count} ${count === 1 ? 'pair' : 'pairs'} of players`;
}

/** Endpoints cost money: what they were asked and what that cost. */
function tellCosts({ usage }: MatchupsFile): void {
  const lines = Object.entries(usage).map(([player, used]) => `${player}: ${usageLine(used)}`);
  if (lines.length > 0) void showInformation(`Match-ups. ${lines.join('. ')}`);
}

async function choose(services: Services): Promise<Chosen | undefined> {
  const answers: { game: GameId; players: WrittenPlayer[]; negotiations: number } = { game: 'ipd', players: [], negotiations: 256 };
  const steps = [
    { title: 'Game', placeholder: 'Which game do they play?', choices: () => gameChoices(services) },
    {
      title: 'Players',
      placeholder: 'Who plays? Everybody meets everybody, and itself',
      many: true,
      choices: () => playerChoices(services, answers.game, true),
    },
    {
      title: 'Negotiations',
      placeholder: 'How many negotiations a cell?',
      choices: () => negotiationChoices(answers.game, answers.players),
    },
  ];
  const done = await askSteps(TITLE, steps, (step, answer, all) => {
    if (step === 0) answers.game = gameId.parse(answer);
    else if (step === 1) answers.players = all.map((player) => writtenPlayer.parse(JSON.parse(player)));
    else answers.negotiations = Number(answer);
  });
  return done ? answers : undefined;
}

/** The game of the selected run, or of the newest, comes first. */
export function gameChoices({ store, selection }: Pick<Services, 'store' | 'selection'>): Choice[] {
  const likely = GAME_IDS.find((id) => id === (store.get(selection.place?.run ?? '') ?? store.runs[0])?.game);
  const ordered = [...new Set([...(likely === undefined ? [] : [likely]), ...GAME_IDS])];
  return ordered.map((id) => {
    const runs = store.runs.filter(({ file }) => file?.config.game === id).length;
    const open = runs === 0 ? '' : ` · ${runs} ${runs === 1 ? 'run' : 'runs'} open`;
    return { label: games[id].title, description: `${id}${open}`, pick: () => id };
  });
}

function negotiationChoices(game: GameId, players: readonly WrittenPlayer[]): Choice[] {
  const each = [256, 64, 16, 1024].map((count) => ({
    label: `${count}`,
    description: [count === 256 ? 'intervals of a few percent' : '', asked(game, players, count)].filter((part) => part !== '').join(' · '),
    pick: () => String(count),
  }));
  const other = async (): Promise<string | undefined> =>
    vscode.window.showInputBox({ title: `${TITLE}: Negotiations`, prompt: 'Negotiations a cell', value: '128', validateInput: evenNumber });
  return [...each, { label: 'Another number…', pick: other }];
}

/** Requests that endpoints would get, about; they cost money. */
function asked(game: GameId, players: readonly WrittenPlayer[], count: number): string {
  const apis = players.filter((player) => typeof player === 'string' && player.startsWith('api:')).length;
  if (apis === 0) return '';
  const { rounds, messagesPerRound } = defaultGameSettings(game, 'full');
  // Against itself an endpoint answers for both seats.
  const requests = apis * (players.length + 1) * count * rounds * (1 + messagesPerRound);
  return `about ${requests.toLocaleString('en-US')} requests to endpoints`;
}

function evenNumber(text: string): string | undefined {
  const count = Number(text);
  return Number.isInteger(count) && count > 0 && count % 2 === 0 ? undefined : 'Give an even number: each deal is played in both seatings';
}

async function chooseRoot({ context }: Services): Promise<string | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length <= 1) return playedRoot(context, 'matchups', folders[0]);
  const folder = await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Keep the match-ups in which folder?' });
  return folder === undefined ? undefined : playedRoot(context, 'matchups', folder);
}
