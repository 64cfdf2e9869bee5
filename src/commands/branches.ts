import * as vscode from 'vscode';
import * as z from 'zod';
import type { Branch } from '../protocol/branches';
import type { Place } from '../protocol/webview';
import { deleteBranch as remove } from '../runs/keepBranches';
import type { OpenRun } from '../runs/openRun';
import { points, whoWentOn } from '../runs/rowWords';
import { plainWords } from '../views/plainWords';
import { activeTranscript, showTranscript } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal, type Services } from './services';
import { branchPlace, placeTarget } from './turnTarget';

/** A branch that a command is about. */
interface BranchTarget {
  readonly run: OpenRun;
  readonly branch: Branch;
  /** At the turn that it leaves at. */
  readonly place: Place;
}

/** Consent that a caller has got already. */
const given = z.looseObject({ confirmed: z.literal(true) });

/** Opens a branch: as a transcript where one is in front, else in the inspector. */
export const openBranch: Command = {
  title: 'Open Branch…',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const { transcripts, selection, tree, inspector } = services;
    const fromTranscript = activeTranscript(transcripts) !== undefined;
    const target = await branchTarget(services, args, 'Open Branch');
    if (target === undefined) return undefined;
    const { place, branch } = target;
    selection.goTo(place);
    tree.reveal(place);
    const uri = transcripts.uriOf(place);
    if (fromTranscript && uri !== undefined) await showTranscript(transcripts, uri, place);
    else inspector.open();
    return branch.branch;
  },
};

/** Shows a branch and the negotiation that it leaves as one diff of their transcripts. */
export const compareBranch: Command = {
  title: 'Compare Branch with Original',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const { transcripts } = services;
    const target = await branchTarget(services, args, 'Compare Branch with Original');
    if (target === undefined) return undefined;
    const { branch: number, ...original } = target.place;
    const uris = [transcripts.uriOf(original), transcripts.uriOf(target.place)] as const;
    if (uris[0] === undefined || uris[1] === undefined) throw new Refusal('There is no negotiation at this place');
    const title = `Negotiation ${original.negotiation} of iteration ${original.iteration}: original ↔ branch ${number}`;
    await vscode.commands.executeCommand('vscode.diff', ...uris, title);
    return number;
  },
};

/** Deletes a branch from the run folder, after a question. */
export const deleteBranch: Command = {
  title: 'Delete Branch',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const { store, selection } = services;
    const target = await branchTarget(services, args, 'Delete Branch');
    if (target === undefined) return false;
    const { run, branch, place } = target;
    const detail = `${branch.rollouts.file} is deleted for good. The negotiation that it leaves stays as it is.`;
    const question = `Delete branch ${branch.branch} of ${run.name}?`;
    if (
      !given.safeParse(args).success &&
      (await vscode.window.showWarningMessage(question, { modal: true, detail }, 'Delete')) === undefined
    ) {
      return false;
    }
    await remove(run.folder.path, branch.branch);
    const isShown = selection.place?.run === run.id && selection.place.branch === branch.branch;
    await store.look(run);
    const { branch: _, ...original } = place;
    if (isShown) selection.goTo(original);
    return true;
  },
};

/** The branch that is named, under the cursor or selected; else the only one at the place, or the one that the reader picks. @throws Refusal */
async function branchTarget(services: Services, input: unknown, title: string): Promise<BranchTarget | undefined> {
  const { store } = services;
  const at = placeTarget(services, input);
  const here = at === null ? undefined : store.get(at.run);
  if (at !== null && here === undefined) throw new Refusal(`The run ${at.run} is not open here: open its folder with Open Run…`);
  const found = (run: OpenRun, branch: Branch): BranchTarget => {
    const { iteration, group, negotiation } = branch;
    return { run, branch, place: branchPlace({ run: run.id, iteration, group, negotiation }, branch) };
  };
  if (at?.branch !== undefined && here !== undefined) {
    const branch = here.branches.get(at.branch);
    if (branch === undefined) throw new Refusal(`${here.name} has no branch ${at.branch} (any more)`);
    return found(here, branch);
  }
  // A run that has none is no answer where others have some.
  const runs = here === undefined || here.branches.branches.length === 0 ? store.runs : [here];
  const all = runs.flatMap((run) => run.branches.branches.map((branch) => found(run, branch)));
  const [of, ofTurn] = (['negotiation', 'turn'] as const).map((by) =>
    all.filter(
      ({ run, branch }) =>
        run === here &&
        at?.negotiation === branch.negotiation &&
        at.iteration === branch.iteration &&
        (by === 'negotiation' || at.turn === branch.turn),
    ),
  );
  const offered = ofTurn!.length > 0 ? ofTurn! : of!.length > 0 ? of! : all;
  const [only] = offered;
  if (only === undefined) throw new Refusal('There are no branches: Fork Here makes some');
  if (offered.length === 1) return only;
  const items = offered.map((target) => ({
    label: `branch ${target.branch.branch}`,
    description: `${plainWords(whoWentOn(target.branch.players))} · seed ${target.branch.seed}, sample ${target.branch.sample + 1}`,
    detail: `${plainWords(target.run.name)}, iteration ${target.branch.iteration}, negotiation ${target.branch.negotiation}, turn ${target.branch.turn} · ${target.branch.reward.map(points).join(' / ')} points a round`,
    target,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which branch?', matchOnDescription: true, matchOnDetail: true }))
    ?.target;
}
