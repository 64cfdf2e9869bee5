import * as vscode from 'vscode';
import { answerForm, readTyped } from '../domain/games/typedAnswer';
import type { PlayAsk } from '../protocol/play';

/** Choices that are picked from a list; more are typed. */
const MOST_PICKED = 6;

/** Asks for a person's turn in the box above; undefined when it leaves the table for now. */
export async function askTurn(ask: PlayAsk, opponent: string): Promise<string | undefined> {
  const { constraint, kind, round } = ask;
  const title = `Round ${round + 1} against ${opponent}: ${kind === 'message' ? 'your message' : 'your turn'}`;
  if (constraint.kind === 'choice' && constraint.choices.length <= MOST_PICKED) {
    const options = { title, placeHolder: `Choose ${answerForm(constraint)}. Escape pauses`, ignoreFocusOut: true };
    return vscode.window.showQuickPick([...constraint.choices], options);
  }
  return vscode.window.showInputBox({
    title,
    prompt: `${kind === 'message' ? 'Say' : 'Give'} ${answerForm(constraint)}. ${kind === 'message' ? 'Enter alone says nothing, ' : ''}Escape pauses`,
    ignoreFocusOut: true,
    validateInput: (text) => (text === '' ? undefined : readTyped(constraint, text).problem),
  });
}
