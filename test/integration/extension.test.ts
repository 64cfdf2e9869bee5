import assert from 'node:assert/strict';
import * as vscode from 'vscode';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

describe('The extension', () => {
  const find = () => {
    const extension = vscode.extensions.getExtension<unknown>('parley.parley');
    assert.ok(extension, 'parley.parley is not installed');
    return extension;
  };

  it('is present and activates', async () => {
    const extension = find();
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers every command that it contributes', async () => {
    const extension = find();
    await extension.activate();
    const contributed = (extension.packageJSON as Manifest).contributes.commands.map(({ command }) => command);
    assert.ok(contributed.length > 0, 'package.json contributes no command');
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributed.filter((command) => !registered.has(command)),
      [],
    );
  });
});
