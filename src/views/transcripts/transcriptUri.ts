import * as vscode from 'vscode';

/** Scheme of transcripts; their paths are a run folder's, an iteration and a negotiation. */
export const TRANSCRIPT_SCHEME = 'parley';

/** Their language id. */
export const TRANSCRIPT_LANGUAGE = 'parley-transcript';

/** Which transcript a URI means. */
export interface TranscriptAddress {
  /** Path of the run folder. */
  readonly folder: string;
  readonly iteration: number;
  readonly negotiation: number;
  /** A branch of it, not itself. */
  readonly branch?: number;
}

/** `parley:/…/<run>/iteration 12/negotiation 3.transcript`, and `…/negotiation 3 branch 2.transcript`. */
export function transcriptUri({ folder, iteration, ...name }: TranscriptAddress): vscode.Uri {
  const root = vscode.Uri.file(folder).with({ scheme: TRANSCRIPT_SCHEME });
  return vscode.Uri.joinPath(root, `iteration ${iteration}`, transcriptName(name));
}

/** Name of a transcript among its iteration's. */
export function transcriptName({ negotiation, branch }: Pick<TranscriptAddress, 'negotiation' | 'branch'>): string {
  return `negotiation ${negotiation}${branch === undefined ? '' : ` branch ${branch}`}.transcript`;
}

/** What a URI of ours means; undefined where it is none. */
export function transcriptAddress(uri: vscode.Uri): TranscriptAddress | undefined {
  const match = /^(.+)\/iteration (\d{1,9})\/negotiation (\d{1,9})(?: branch (\d{1,9}))?\.transcript$/.exec(uri.path);
  if (uri.scheme !== TRANSCRIPT_SCHEME || match === null) return undefined;
  const [, path = '', iteration, negotiation, branch] = match;
  return {
    folder: uri.with({ scheme: 'file', path }).fsPath,
    iteration: Number(iteration),
    negotiation: Number(negotiation),
    ...(branch === undefined ? {} : { branch: Number(branch) }),
  };
}

/** Ranges of the editor, from places of a transcript. */
export function rangeOf(
  start: { readonly line: number; readonly character: number },
  end: { readonly line: number; readonly character: number },
): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}
