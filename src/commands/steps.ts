import * as vscode from 'vscode';

/** One step of a quick pick: a question whose first choice is the default, so that Enter answers it. */
export interface Step {
  readonly title: string;
  readonly placeholder: string;
  /** Several choices may be ticked; at least one is asked for. */
  readonly many?: boolean;
  choices(): readonly Choice[];
}

/** An answer that a step offers. */
export interface Choice {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** A heading of what follows; nothing to choose. */
  readonly separator?: boolean;
  /** Ticked at first, where several may be. */
  readonly picked?: boolean;
  /** What the answer stands for. `undefined` when choosing needs more, which `pick` then asks. */
  pick(): string | Promise<string | undefined>;
}

/**
 * Asks step after step, with a button back; false when the reader leaves. `answered` learns of each answer before the next
 * step: the first, and all of them where several may be ticked.
 */
export async function askSteps(
  title: string,
  steps: readonly Step[],
  answered: (step: number, answer: string, all: readonly string[]) => void,
): Promise<boolean> {
  for (let at = 0; at < steps.length; ) {
    const step = steps[at];
    if (step === undefined) break;
    const answer = await ask(`${title}: ${step.title}`, at, steps.length, step);
    if (answer === 'cancel') return false;
    if (answer === 'back') at--;
    else {
      const values: string[] = [];
      for (const choice of answer) {
        const value = await choice.pick();
        if (value !== undefined) values.push(value);
      }
      const [first] = values;
      if (first === undefined) continue;
      answered(at, first, values);
      at++;
    }
  }
  return true;
}

type Item = vscode.QuickPickItem & { readonly choice: Choice };

async function ask(title: string, at: number, total: number, step: Step): Promise<readonly Choice[] | 'back' | 'cancel'> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = title;
  pick.step = at + 1;
  pick.totalSteps = total;
  pick.placeholder = step.placeholder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.canSelectMany = step.many === true;
  pick.items = step.choices().map((choice) => ({
    label: choice.label,
    ...(choice.separator === true ? { kind: vscode.QuickPickItemKind.Separator } : {}),
    ...(choice.description === undefined ? {} : { description: choice.description }),
    ...(choice.detail === undefined ? {} : { detail: choice.detail }),
    choice,
  }));
  if (step.many === true) pick.selectedItems = pick.items.filter(({ choice }) => choice.picked === true);
  if (at > 0) pick.buttons = [vscode.QuickInputButtons.Back];
  try {
    return await new Promise((resolve) => {
      pick.onDidAccept(() => {
        if (pick.selectedItems.length > 0) resolve(pick.selectedItems.map(({ choice }) => choice));
      });
      pick.onDidTriggerButton(() => resolve('back'));
      pick.onDidHide(() => resolve('cancel'));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}
