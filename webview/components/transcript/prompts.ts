import { signal } from '@preact/signals';

/** Which turns show what was read before them. */
export const promptsShown = signal<{ readonly all: boolean; readonly turns: ReadonlySet<number> }>({ all: false, turns: new Set() });

/** Shows or hides one turn's prompt. */
export function togglePrompt(turn: number): void {
  const turns = new Set(promptsShown.value.turns);
  if (!turns.delete(turn)) turns.add(turn);
  promptsShown.value = { all: false, turns };
}

/** Shows or hides every prompt. */
export function showAllPrompts(all: boolean): void {
  promptsShown.value = { all, turns: new Set() };
}
