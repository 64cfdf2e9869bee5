import * as vscode from 'vscode';
import { lineText } from '../../domain/tokens/visibleText';
import { type Checkpoint, nameOf } from '../../runs/policyCards';
import { type CardAddress, cardUri } from './cardUri';

/** What is put side by side: the left and the right side of the editor. */
export interface CardPair {
  readonly original: Checkpoint;
  readonly modified: Checkpoint;
  /** Names of the probe negotiations. */
  readonly negotiations: readonly string[];
}

/** URIs of the two cards, each told of the other. */
export function cardUris({ original, modified }: Pick<CardPair, 'original' | 'modified'>): readonly [vscode.Uri, vscode.Uri] {
  const [left, right] = [addressOf(original), addressOf(modified)];
  return [cardUri({ ...left, against: right.checkpoint }), cardUri({ ...right, against: left.checkpoint })];
}

/** Opens the probe negotiations as a diff of many files, and in front of it the diff of the two cards. */
export async function showCardDiff(pair: CardPair): Promise<void> {
  const title = pairName(pair);
  const files = pair.negotiations.map((negotiation) => {
    const [left, right] = [pair.original, pair.modified].map((side) => cardUri({ ...addressOf(side), negotiation }));
    return [right, left, right];
  });
  await vscode.commands.executeCommand('vscode.changes', `Probe negotiations: ${title}`, files);
  await vscode.commands.executeCommand('vscode.diff', ...cardUris(pair), `Policy cards: ${title}`, { preview: false });
}

/** Both sides by name; of one run, its name once. */
function pairName({ original, modified }: CardPair): string {
  const { run } = original;
  const brief = ({ iteration }: Checkpoint): string => (iteration === null ? 'base model' : `@${iteration}`);
  const text = run === modified.run ? `${run.name}, ${brief(original)} ↔ ${brief(modified)}` : `${nameOf(original)} ↔ ${nameOf(modified)}`;
  return lineText(text);
}

function addressOf({ run, iteration }: Checkpoint): CardAddress {
  return { checkpoint: { folder: run.folder.path, iteration }, negotiation: null, against: null };
}
