import * as vscode from 'vscode';
import type { CheckpointAddress } from '../../protocol/policyCards';
import type { WorkOptions } from '../../runs/inferenceProcess';
import { type Checkpoint, nameOf, type PolicyCards } from '../../runs/policyCards';
import { messageOf } from '../../runs/problem';
import type { RunStore } from '../../runs/runStore';
import { ReadOnlyFiles } from '../readOnlyFiles';
import { type CardAddress, cardAddress } from './cardUri';

/**
 * The read-only file system behind `parley-card:`. A file's content follows from its URI: cards that are kept are read, others are
 * computed, so that tabs survive a reload of the window.
 */
export class CardFiles extends ReadOnlyFiles {
  constructor(
    private readonly store: RunStore,
    private readonly cards: PolicyCards,
    /** Resolves once the runs of the last session are open. */
    private readonly runsOpened: () => Promise<void>,
  ) {
    super('Policy cards are read-only');
  }

  /** What a file says. @throws Error in one line */
  async text({ checkpoint, negotiation, against }: CardAddress, how: WorkOptions = {}): Promise<string> {
    const one = this.#checkpoint(checkpoint);
    const card = await this.cards.card(one, how);
    if (negotiation !== null) {
      const found = card.negotiations.find(({ name }) => name === negotiation);
      if (found === undefined) throw new Error(`The card of ${nameOf(one)} has no negotiation "${negotiation}"`);
      return found.text;
    }
    if (against === null) return card.text;
    return `${card.text}\n${await this.cards.comparison(one, this.#checkpoint(against), how)}`;
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (cardAddress(uri) === undefined) return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const { length } = await this.readFile(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: 1, size: length, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const address = cardAddress(uri);
    if (address === undefined) throw vscode.FileSystemError.FileNotFound(`${uri.path} is no policy card`);
    await this.runsOpened();
    try {
      const title = 'Parley: policy card';
      const text = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => this.text(address));
      return new TextEncoder().encode(text);
    } catch (error) {
      // Not "not found", in place of which VS Code says something of its own.
      throw vscode.FileSystemError.Unavailable(messageOf(error));
    }
  }

  #checkpoint({ folder, iteration }: CheckpointAddress): Checkpoint {
    const run = this.store.runs.find((each) => each.folder.path === folder);
    if (run === undefined) throw new Error(`The run in ${folder} is not open: open it with Parley: Open Run…, then open this again`);
    return { run, iteration };
  }
}
