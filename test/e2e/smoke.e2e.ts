import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../host/server';
import { type Theme, themes, useWorkbench } from './workbench';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category?: string;
      readonly enablement?: string;
    }[];
    readonly menus?: { readonly commandPalette?: readonly { readonly command: string; readonly when?: string }[] };
  };
}

const { contributes } = JSON.parse(fs.readFileSync(path.join(repository, 'package.json'), 'utf8')) as Manifest;
const conditional = new Set(contributes.menus?.commandPalette?.map(({ command }) => command));

describe('The packaged extension in a workbench', () => {
  const workbench = useWorkbench();

  it('has its view container in the activity bar', async () => {
    await workbench().viewContainer('Parley').waitFor({ timeout: 30_000 });
    await workbench().screenshot('smoke');
  });

  it('lists its commands in the palette', async () => {
    const unconditional = contributes.commands
      .filter(({ command, enablement = 'isWorkspaceTrusted' }) => !conditional.has(command) && enablement === 'isWorkspaceTrusted')
      .map(({ title, category }) => (category === undefined ? title : `${category}: ${title}`));
    expect(unconditional.length).toBeGreaterThan(0);
    // Enablement may still be on its way when the palette opens, and a palette does not list later what it missed.
    const missing = async (): Promise<string[]> => {
      const listed = await workbench().commands('Parley: ');
      return unconditional.filter((title) => !listed.includes(title));
    };
    await expect.poll(missing, { timeout: 30_000, interval: 1000 }).toEqual([]);
  });

  it.each(Object.keys(themes) as Theme[])('can be seen in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await workbench().screenshot(`smoke-${theme}`);
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
