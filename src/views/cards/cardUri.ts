import * as vscode from 'vscode';
import { type CheckpointAddress, checkpointAddress } from '../../protocol/policyCards';

/** Scheme of policy cards and probe negotiations. */
export const CARD_SCHEME = 'parley-card';

const CARD = 'policy card';
const NEGOTIATIONS = '/probe negotiations';

const EXTENSION = '.parley-card';

/** What a URI of ours means. */
export interface CardAddress {
  readonly checkpoint: CheckpointAddress;
  /** The name of a probe negotiation; null: the card. */
  readonly negotiation: string | null;
  /** The checkpoint that a card is compared with. */
  readonly against: CheckpointAddress | null;
}

/**
 * A card is `parley-card:/…/<run>/iteration 40/policy card.parley-card`, the other side of a comparison its query. A negotiation is
 * `parley-card:/probe negotiations/self, greedy.parley-card`, and whose it is the query: a diff of two paths would read as a renaming.
 */
export function cardUri({ checkpoint, negotiation, against }: CardAddress): vscode.Uri {
  if (negotiation !== null) {
    return vscode.Uri.from({ scheme: CARD_SCHEME, path: `${NEGOTIATIONS}/${negotiation}${EXTENSION}`, query: JSON.stringify(checkpoint) });
  }
  const root = vscode.Uri.file(checkpoint.folder).with({ scheme: CARD_SCHEME });
  const place = checkpoint.iteration === null ? 'base model' : `iteration ${checkpoint.iteration}`;
  const uri = vscode.Uri.joinPath(root, place, CARD + EXTENSION);
  return against === null ? uri : uri.with({ query: JSON.stringify(against) });
}

/** What a URI means; undefined where it is none of ours. */
export function cardAddress(uri: vscode.Uri): CardAddress | undefined {
  if (uri.scheme !== CARD_SCHEME || !uri.path.endsWith(EXTENSION)) return undefined;
  const query = readQuery(uri.query);
  if (query === undefined) return undefined;
  const path = uri.path.slice(0, -EXTENSION.length);
  if (path.startsWith(`${NEGOTIATIONS}/`)) {
    return query === null ? undefined : { checkpoint: query, negotiation: path.slice(NEGOTIATIONS.length + 1), against: null };
  }
  const match = /^(.+)\/(?:iteration (\d{1,9})|base model)\/policy card$/.exec(path);
  if (match === null) return undefined;
  const [, root = '', iteration] = match;
  const folder = uri.with({ scheme: 'file', path: root, query: '' }).fsPath;
  return { checkpoint: { folder, iteration: iteration === undefined ? null : Number(iteration) }, negotiation: null, against: query };
}

function readQuery(query: string): CheckpointAddress | null | undefined {
  if (query === '') return null;
  try {
    return checkpointAddress.parse(JSON.parse(query));
  } catch {
    return undefined;
  }
}
