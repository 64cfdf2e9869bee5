import * as vscode from 'vscode';
import { plainWords } from './plainWords';

/** Says in a corner that something failed; what the message holds of files and models is shown as text. Resolves with the button pressed. */
export function showError<T extends string>(message: string, ...buttons: T[]): Thenable<T | undefined> {
  return vscode.window.showErrorMessage(plainWords(message), ...buttons);
}

/** As `showError`, of what may be wrong. */
export function showWarning<T extends string>(message: string, ...buttons: T[]): Thenable<T | undefined> {
  return vscode.window.showWarningMessage(plainWords(message), ...buttons);
}

/** As `showError`, of what came to pass. */
export function showInformation<T extends string>(message: string, ...buttons: T[]): Thenable<T | undefined> {
  return vscode.window.showInformationMessage(plainWords(message), ...buttons);
}
