import * as vscode from 'vscode';
import { type CheckpointAddress, checkpointAddress } from '../../protocol/policyCards';

/** Scheme of policy cards and probe negotiations; their paths are a run folder's, a checkpoint and a name. */
export const CARD_SCHEME = 'parley-card';

/** File name of a card; any other name is a probe negotiation's. */
const CARD = 'policy card';

const EXTENSION = '.parley-card';

/** What a URI of ours means. */
export interface CardAddress {
  readonly checkpoint: CheckpointAddress;
  /** The name of a probe negotiation; null: the card. */
  readonly negotiation: string | null;
  /** The checkpoint that a card is compared with. */
  readonly against: CheckpointAddress | null;
}

/** `parley-card:/…/<run>/iteration 40/policy card.parley-card`, with the other side of a comparison as its query. */
export function cardUri({ checkpoint, negotiation, against }: CardAddress): vscode.Uri {
  const root = vscode.Uri.file(checkpoint.folder).with({ scheme: CARD_SCHEME });
  const place = checkpoint.iteration === null ? 'base model' : `iteration ${checkpoint.iteration}`;
  const uri = vscode.Uri.joinPath(root, place, `${negotiation ?? CARD}${EXTENSION}`);
  return against === null ? uri : uri.with({ query: JSON.stringify(against) });
}

/** What a URI means; undefined where it is none of ours. */
export function cardAddress(uri: vscode.Uri): CardAddress | undefined {
  const match = /^(.+)\/(?:iteration (\d{1,9})|base model)\/([^/]+)\.parley-card$/.exec(uri.path);
  if (uri.scheme !== CARD_SCHEME || match === null) return undefined;
  const [, path = '', iteration, name = ''] = match;
  const against = readQuery(uri.query);
  if (against === undefined) return undefined;
  const folder = uri.with({ scheme: 'file', path, query: '' }).fsPath;
  const checkpoint = { folder, iteration: iteration === undefined ? null : Number(iteration) };
  return { checkpoint, negotiation: name === CARD ? null : name, against };
}

function readQuery(query: string): CheckpointAddress | null | undefined {
  if (query === '') return null;
  try {
    return checkpointAddress.parse(JSON.parse(query));
  } catch {
    return undefined;
  }
}
