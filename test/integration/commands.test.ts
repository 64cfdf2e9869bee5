import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commandTable } from '../../src/commands/table';

interface Entry {
  readonly command: string;
  readonly enablement?: string;
  readonly when?: string;
}

/** What works whatever is open, and what only a comment that is there can call. */
const ALWAYS = ['openRun', 'openMatchups', 'showLog', 'discardAnnotation', 'cancelAnnotation'];

describe('Whether a command can be invoked', () => {
  const extension = vscode.extensions.getExtension('parley.parley');
  assert.ok(extension);
  const { contributes, extensionKind } = extension.packageJSON as {
    contributes: { commands: Entry[]; menus: Record<string, Entry[]>; keybindings: Entry[] };
    extensionKind: string[];
  };
  const short = ({ command }: Entry): string => command.replace('parley.', '');
  const clauses = [contributes.commands, ...Object.values(contributes.menus), contributes.keybindings].flat();

  it('is told by every one of them, but for those that always work', () => {
    assert.deepEqual(
      contributes.commands
        .filter(({ enablement }) => enablement === undefined)
        .map(short)
        .sort(),
      [...ALWAYS].sort(),
    );
  });

  it('depends on trust wherever it starts or changes something', () => {
    for (const entry of contributes.commands) {
      const { needsTrust } = commandTable[short(entry) as keyof typeof commandTable];
      assert.equal(/(?<!!)isWorkspaceTrusted/.test(entry.enablement ?? ''), needsTrust, entry.command);
    }
  });

  it('goes by context keys that the extension sets', () => {
    const keys = new Set(
      clauses.flatMap(({ when = '', enablement = '' }) => [...`${when} ${enablement}`.matchAll(/parley\.\w+/g)].map(String)),
    );
    const source = path.join(extension.extensionPath, 'src');
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const code = files.map((file) => readFileSync(path.join(source, file), 'utf8')).join('\n');
    // Views, the language, panels and the comment controller have ids of the same form.
    const ids = ['parley.runs', 'parley.annotations', 'parley.inspector'];
    assert.ok(keys.size > 20, `${keys.size} keys`);
    for (const key of keys) assert.ok(ids.includes(key) || code.includes(`'${key}'`), `nothing sets ${key}`);
  });

  it('is asked of commands alone that there are', () => {
    const known = new Set(contributes.commands.map(short));
    assert.deepEqual(clauses.map(short).filter((name) => !known.has(name)), []); // biome-ignore format: one line
  });

  it('runs where the workspace is, so that remote and server windows have it', () => {
    assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
    assert.deepEqual(extensionKind, ['workspace']);
  });
});
