import * as vscode from 'vscode';
import { answerForm, readTyped } from '../domain/games/typedAnswer';
import { AGENT_NAMES, type Seat } from '../domain/seat';
import type { PlayAsk } from '../protocol/play';
import { plainWords } from '../views/plainWords';

/** Choices that are picked from a list; more are typed. */
const MOST_PICKED = 6;

/** Asks for a person's turn in a branch, with what it is newly shown; undefined when it leaves. */
export async function askPerson({ constraint, kind, round, observation }: PlayAsk, seat: Seat): Promise<string | undefined> {
  const title = `Round ${round + 1}, as ${AGENT_NAMES[seat]}: ${kind === 'message' ? 'your message' : 'your turn'}`;
  // What the other side said stands in it, and a prompt is read for links.
  const shown = plainWords(observation.replaceAll(/\s+/g, ' ').trim());
  if (constraint.kind === 'choice' && constraint.choices.length <= MOST_PICKED) {
    return vscode.window.showQuickPick([...constraint.choices], { title, placeHolder: shown, ignoreFocusOut: true });
  }
  return vscode.window.showInputBox({
    title,
    prompt: `${shown} · ${answerForm(constraint)}`,
    ignoreFocusOut: true,
    validateInput: (text) => (text === '' ? undefined : readTyped(constraint, text).problem),
  });
}
