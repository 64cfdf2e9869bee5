import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../src/runs/journal';
import { type Theme, themes, useWorkbench } from './workbench';

describe('From the palette to a token', () => {
  const workbench = useWorkbench({ viewport: { width: 1440, height: 900 } });
  const runs = (): string[] => {
    const folder = path.join(workbench().workspace, '.parley/runs');
    return fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => path.join(folder, name)) : [];
  };

  it('starts a run with one Enter a question', async () => {
    await workbench().command('Parley: Start AA Run');
    for (const title of ['game', 'policy', 'preset']) {
      await workbench().page.locator('.quick-input-widget', { hasText: new RegExp(title, 'i') }).first().waitFor();
      await workbench().press('Enter');
    }
    await workbench().viewContainer('Parley').click();
    await workbench().sidebar().getByRole('treeitem', { name: /iteration 1\b/ }).first().waitFor({ timeout: 60_000 });
    expect(runs()).toHaveLength(1);
    await workbench().screenshot('journey-started');
  });
});
