import * as vscode from 'vscode';
import { comparable } from '../runs/comparable';
import { coalesced } from '../views/coalesced';
import { TRANSCRIPT_SCHEME } from '../views/transcripts/transcriptUri';
import type { Services } from './services';
import { placeTarget } from './turnTarget';

/** What can be done at a place, by context key. */
type TargetKeys = Readonly<
  Record<'parley.atTurn' | 'parley.atForkable' | 'parley.atAskable' | 'parley.atComparable' | 'parley.hasOtherOfGame', boolean>
>;

/**
 * Keeps the context keys that say what can be done at the place that the palette's commands are about: what is under the cursor of
 * a transcript in front, or what is selected.
 */
export function targetKeys(services: Services): vscode.Disposable {
  const { store, selection, transcripts } = services;
  const known = new Map<string, boolean>();
  let asked = 0;
  const tell = async (): Promise<void> => {
    const mine = ++asked;
    const keys = await keysAt(services);
    // The place may be another by now, and its answer may have come first.
    if (mine !== asked) return;
    for (const [key, value] of Object.entries(keys)) {
      if (known.get(key) === value) continue;
      known.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  };
  const update = coalesced(50, () => void tell());
  const request = (): void => update.request();
  request();
  return vscode.Disposable.from(
    update,
    vscode.window.onDidChangeActiveTextEditor(request),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => textEditor.document.uri.scheme === TRANSCRIPT_SCHEME && request()),
    transcripts.onDidChangeTranscript(request),
    { dispose: selection.onChanged(request) },
    { dispose: store.onChanged(request) },
  );
}

async function keysAt(services: Services): Promise<TargetKeys> {
  const { store } = services;
  const place = placeTarget(services, undefined);
  const run = store.get(place?.run ?? '');
  if (place === null || run === undefined) {
    return { 'parley.atTurn': false, 'parley.atForkable': false, 'parley.atAskable': false, 'parley.atComparable': false, 'parley.hasOtherOfGame': false }; // biome-ignore format: one thought
  }
  const isForkable = place.turn !== undefined && run.whyNotForkable === null;
  // Read only where it decides: whose tokens are on record, and whether it is committed.
  const negotiation = isForkable ? await run.negotiation(run.complete(place)).catch(() => null) : null;
  const turn = negotiation?.turns.find((each) => each.turn === place.turn);
  return {
    'parley.atTurn': place.turn !== undefined,
    'parley.atForkable': turn !== undefined && negotiation?.committed === true,
    'parley.atAskable': turn !== undefined && negotiation?.committed === true && turn.tokens.texts.length > 0,
    'parley.atComparable': comparable(store, run, place).length > 0,
    'parley.hasOtherOfGame': store.runs.some((other) => other !== run && other.game === run.game),
  };
}
