import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeSampleRun } from '../runs/sampleRun';
import { useWorkbench } from './workbench';

describe('Export…', () => {
  const workbench = useWorkbench({
    viewport: { width: 1280, height: 800 },
    prepare: (workspace) => {
      writeSampleRun(path.join(workspace, '.parley/runs/aa'), 3, {}, { id: 'aa', name: 'ipd aa' });
      writeSampleRun(path.join(workspace, '.parley/runs/rl'), 3, { algorithm: 'rl' }, { id: 'rl', name: 'ipd rl', pairedWith: 'aa' });
    },
  });

  it('makes a report of a run and its pair from the run’s menu, which opens by itself', async () => {
    await workbench().viewContainer('Parley').click();
    const row = workbench()
      .sidebar()
      .getByRole('treeitem', { name: /ipd aa/ })
      .first();
    await row.waitFor({ timeout: 30_000 });
    await workbench().contextMenu(row, 'Export…');
    await workbench().question('Export ipd aa');
    await workbench().screenshot('export-formats');
    await workbench().pick('Report: HTML');
    await workbench().question('Export: Report: HTML');
    // The pair is ticked beside the run.
    await expect
      .poll(() =>
        workbench().page.locator('.quick-input-list input[type=checkbox]:checked, .quick-input-list .monaco-checkbox.checked').count(),
      )
      .toBe(2);
    await workbench().screenshot('export-runs');
    await workbench().press('Enter');
    const report = path.join(workbench().workspace, 'report.html');
    await workbench().saveAs(report);
    await workbench().notification('Exported').waitFor({ timeout: 60_000 });
    await workbench().screenshot('export-done');
    const page = await workbench().page.context().newPage();
    try {
      await page.goto(pathToFileURL(report).href);
      await expect(page.title()).resolves.toMatch(/^ipd (aa|rl), ipd (aa|rl)$/);
      await page.getByRole('heading', { name: 'ipd rl, iteration 3, negotiation 0' }).waitFor();
    } finally {
      await page.close();
    }
    expect(fs.readdirSync(workbench().workspace).filter((name) => name.includes('parley-draft'))).toEqual([]);
  });
});
