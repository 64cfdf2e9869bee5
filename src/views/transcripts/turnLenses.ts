import * as vscode from 'vscode';
import { AGENT_NAMES } from '../../domain/seat';
import type { BranchView, Place } from '../../protocol/webview';
import { comparable } from '../../runs/comparable';
import { signed } from '../../runs/rowWords';
import type { RunStore } from '../../runs/runStore';
import { roundOutcome, type TranscriptTurn } from '../../runs/transcript';
import { coalesced } from '../coalesced';
import { plainWords } from '../plainWords';
import type { TranscriptFiles } from './transcriptFiles';

/** Above each turn what can be done with it, unless `parley.codeLens` is off. */
export class TurnLenses implements vscode.CodeLensProvider {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #soon = coalesced(500, () => this.#changed.fire());
  readonly #stops: vscode.Disposable;

  constructor(
    private readonly files: TranscriptFiles,
    private readonly store: RunStore,
  ) {
    const fire = (): void => this.#changed.fire();
    this.#stops = vscode.Disposable.from(
      this.#changed,
      files.onDidChangeTranscript(fire),
      // Other runs that it can be compared with came or went.
      { dispose: store.onChanged(({ kind }) => kind === 'run' && this.#soon.request()) },
      this.#soon,
      vscode.workspace.onDidGrantWorkspaceTrust(fire),
      vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('parley.codeLens') && fire()),
    );
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (vscode.workspace.getConfiguration('parley').get<unknown>('codeLens') === false) return [];
    const transcript = this.files.of(document);
    const source = this.files.sourceOf(document.uri);
    if (transcript === undefined || source === undefined) return [];
    const { branch, branches = [], committed } = transcript.negotiation;
    const isForkable = committed && source.run.whyNotForkable === null;
    const isComparable = committed && comparable(this.store, source.run, source.place).length > 0;
    const lenses = transcript.turns.flatMap((turn) => [
      ...lensesOf(turn, source.place),
      ...(isComparable ? [compareLens(turn, source.place)] : []),
      ...branchLenses(
        turn,
        source.place,
        isForkable,
        branches.filter((each) => each.turn === turn.view.turn && leaves(each, branch)).length,
      ),
    ]);
    const outcomes = transcript.rounds.flatMap(({ round, line }) => {
      const outcome = roundOutcome(transcript.negotiation, round);
      const place = { ...source.place, round };
      return outcome === null ? [] : [lens(line, outcome, 'revealInInspector', place, 'Show this round in the inspector')];
    });
    return [...outcomes, ...lenses, ...(transcript.branchLine === null ? [] : ownLenses(transcript.branchLine, source.place))];
  }

  dispose(): void {
    this.#stops.dispose();
  }
}

function lensesOf({ view, line, promptLine }: TranscriptTurn, negotiation: Place): vscode.CodeLens[] {
  const place = { ...negotiation, round: view.round, turn: view.turn };
  const at = promptLine ?? line;
  const { credit } = view;
  const name = AGENT_NAMES[view.seat];
  const lenses = [lens(at, 'Reveal in Inspector', 'revealInInspector', place, `Show this turn of ${name} in the inspector`)];
  if (credit !== null) {
    const sum = `credit ${signed(credit.credit)} = own advantage ${signed(credit.own)} + alignment term ${signed(credit.alignment)}`;
    lenses.unshift(lens(at, `Explain Credit (${signed(credit.credit)})`, 'explainCredit', place, sum));
  }
  if (vscode.workspace.isTrusted) lenses.push(lens(at, 'Annotate', 'annotate', place, 'Write an annotation to this turn'));
  return lenses;
}

/** The way to the same turn of the paired run, or of whatever else it can be read beside. */
function compareLens({ view, line, promptLine }: TranscriptTurn, negotiation: Place): vscode.CodeLens {
  const place = { ...negotiation, round: view.round, turn: view.turn };
  const tooltip = 'Read this beside the paired run, a branch or another of its seed group, as one diff';
  return lens(promptLine ?? line, 'Compare', 'compareNegotiation', place, tooltip);
}

/** Whether a branch leaves what is shown: the negotiation, or a branch of it. */
function leaves({ after }: BranchView, shown: BranchView | undefined): boolean {
  return shown === undefined || after?.at(-1)?.branch === shown.branch;
}

/** What can be done about branches at a turn. */
function branchLenses(
  { view, line, promptLine }: TranscriptTurn,
  negotiation: Place,
  isForkable: boolean,
  count: number,
): vscode.CodeLens[] {
  const place = { ...negotiation, round: view.round, turn: view.turn };
  const at = promptLine ?? line;
  const lenses: vscode.CodeLens[] = [];
  if (isForkable && vscode.workspace.isTrusted) {
    lenses.push(lens(at, 'Fork Here', 'forkHere', place, 'Let somebody go on from here: what was said before stays, token for token'));
  }
  if (count > 0)
    lenses.push(lens(at, `${count} ${count === 1 ? 'Branch' : 'Branches'}`, 'openBranch', place, 'Open a branch that begins here'));
  return lenses;
}

/** What can be done with a branch, where it begins. */
function ownLenses(line: number, place: Place): vscode.CodeLens[] {
  const { branch: _, ...original } = place;
  return [
    lens(line, 'Compare with Original', 'compareBranch', place, 'Both in one diff'),
    lens(line, 'Open Original', 'openTranscript', original, 'The negotiation that this branch leaves'),
    ...(vscode.workspace.isTrusted ? [lens(line, 'Delete Branch', 'deleteBranch', place, 'Delete this branch from the run folder')] : []),
  ];
}

function lens(line: number, title: string, command: string, place: Place, tooltip: string): vscode.CodeLens {
  // Actions and players are a file's words, and a lens is read for icons.
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
    title: plainWords(title),
    tooltip,
    command: `parley.${command}`,
    arguments: [place],
  });
}
