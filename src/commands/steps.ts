import * as vscode from 'vscode';

/** One step of a quick pick: a question whose first choice is the default, so that Enter answers it. */
export interface Step {
  readonly title: string;
  readonly placeholder: string;
  choices(): readonly Choice[];
}

/** An answer that a step offers. */
export interface Choice {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** What the answer stands for. `undefined` when choosing needs more, which `pick` then asks. */
  pick(): string | Promise<string | undefined>;
}

/** Asks step after step, with a button back; undefined when the reader leaves. `answered` learns of each answer before the next step. */
export async function askSteps(title: string, steps: readonly Step[], answered: (step: number, answer: string) => void): Promise<boolean> {
  for (let at = 0; at < steps.length; ) {
    const step = steps[at];
    if (step === undefined) break;
    const answer = await ask(`${title}: ${step.title}`, at, steps.length, step);
    if (answer === 'cancel') return false;
    if (answer === 'back') at--;
    else {
      const value = await answer.pick();
      if (value === undefined) continue;
      answered(at, value);
      at++;
    }
  }
  return true;
}

type Item = vscode.QuickPickItem & { readonly choice: Choice };

async function ask(title: string, at: number, total: number, step: Step): Promise<Choice | 'back' | 'cancel'> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = title;
  pick.step = at + 1;
  pick.totalSteps = total;
  pick.placeholder = step.placeholder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.items = step.choices().map((choice) => ({
    label: choice.label,
    ...(choice.description === undefined ? {} : { description: choice.description }),
    ...(choice.detail === undefined ? {} : { detail: choice.detail }),
    choice,
  }));
  if (at > 0) pick.buttons = [vscode.QuickInputButtons.Back];
  try {
    return await new Promise((resolve) => {
      pick.onDidAccept(() => {
        const item = pick.selectedItems[0];
        if (item !== undefined) resolve(item.choice);
      });
      pick.onDidTriggerButton(() => resolve('back'));
      pick.onDidHide(() => resolve('cancel'));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}
