import * as vscode from 'vscode';
import * as z from 'zod';
import type { Place } from '../protocol/webview';
import { place as placeSchema } from '../protocol/webview';
import { type Comparable, comparable } from '../runs/comparable';
import { whoWentOn } from '../runs/rowWords';
import { plainWords } from '../views/plainWords';
import { rangeAt } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal, type Services } from './services';
import { placeTarget } from './turnTarget';

const TITLE = 'Compare Negotiation';

/** What a caller compares with; nothing is asked then. */
const given = z.looseObject({ with: placeSchema.strip() });

/** Shows two negotiations as one diff of their transcripts, at the turn that was chosen; Enter takes the paired run's. Returns their URIs. */
export const compareNegotiation: Command = {
  title: `${TITLE}…`,
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const { store, transcripts } = services;
    const place = placeTarget(services, args);
    const run = store.get(place?.run ?? '');
    if (place === null || run === undefined)
      throw new Refusal('Choose a negotiation first: in the tree, in the inspector or in a transcript');
    const offered = comparable(store, run, place);
    const named = given.safeParse(args);
    const chosen = named.success ? named.data.with : await choose(offered);
    if (chosen === undefined) return undefined;
    const [left, right] = [transcripts.uriOf(place), transcripts.uriOf(chosen)];
    if (left === undefined || right === undefined) throw new Refusal('There is no negotiation at this place');
    // Read first: what a diff editor says of a failure is long.
    const [, transcript] = [await transcripts.transcript(left), await transcripts.transcript(right)];
    const selection = rangeAt(transcript, { round: place.round, turn: place.turn });
    const title = `Negotiation ${place.negotiation} of iteration ${place.iteration}: ${nameOf(services, place)} ↔ ${nameOf(services, chosen)}`;
    // The transcript may be a preview, which the next one would take the place of.
    const options = { preview: false, ...(selection === undefined ? {} : { selection }) };
    await vscode.commands.executeCommand('vscode.diff', left, right, plainWords(title), options);
    return [String(left), String(right)];
  },
};

/** The only one, or the one that the reader picks. @throws Refusal where there is none */
async function choose(offered: readonly Comparable[]): Promise<Place | undefined> {
  const [first] = offered;
  if (first === undefined) throw new Refusal('There is nothing to compare it with: no paired run, no branch, no other of its seed group');
  if (offered.length === 1) return first.place;
  const items = offered.map((each) => ({ ...wordsOf(each), place: each.place }));
  const options = { title: TITLE, placeHolder: 'Beside which negotiation?', matchOnDescription: true };
  return (await vscode.window.showQuickPick(items, options))?.place;
}

function wordsOf({ as, run, place }: Comparable): { readonly label: string; readonly description: string } {
  const branch = run.branches.get(place.branch ?? 0);
  const name = plainWords(run.name);
  switch (as) {
    case 'pair':
      return { label: name, description: 'the paired run, with the same deals' };
    case 'original':
      return { label: `negotiation ${place.negotiation}`, description: 'the original that this branch leaves' };
    case 'branch':
      return { label: `branch ${place.branch}`, description: branch === undefined ? '' : plainWords(whoWentOn(branch.players)) };
    case 'group':
      return { label: `negotiation ${place.negotiation}`, description: 'of the same seed group' };
    case 'run':
      return { label: name, description: 'the same negotiation of another run' };
  }
}

/** In a few words: whose negotiation, which branch. */
function nameOf({ store }: Services, { run, negotiation, branch }: Place): string {
  return `${store.get(run)?.name ?? run} #${negotiation}${branch === undefined ? '' : `, branch ${branch}`}`;
}
