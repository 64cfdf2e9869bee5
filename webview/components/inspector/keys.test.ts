import { describe, expect, it } from 'vitest';
import { BINDINGS, inspectorAction } from './keys';

const press = (key: string, target: unknown = null, modifiers = {}) =>
  inspectorAction({ key, ctrlKey: false, metaKey: false, altKey: false, target: target as EventTarget | null, ...modifiers });

describe('inspectorAction', () => {
  it('has one action a key', () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(press('j')).toEqual({ kind: 'move', move: 'nextTurn' });
    expect(press('x')).toBeNull();
  });
  it('leaves VS Code’s own shortcuts and fields alone', () => {
    expect(press('p', null, { ctrlKey: true })).toBeNull();
    expect(press('j', { localName: 'vscode-text-field' })).toBeNull();
    expect(press('ArrowDown', { localName: 'vscode-dropdown' })).toBeNull();
    expect(press('ArrowDown', { localName: 'pre' })).toBeNull();
    expect(press('j', { localName: 'pre' })).not.toBeNull();
    expect(press('Escape', { localName: 'input' })).toEqual({ kind: 'close' });
  });
});
