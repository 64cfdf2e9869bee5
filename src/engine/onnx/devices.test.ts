import { describe, expect, it } from 'vitest';
import { DEVICES, probeDevices } from './devices';
import { openModel } from './openModel';
import { temporaryFolder, writeTinyModel } from './tinyModel';

describe('devices', () => {
  it('are each tried, and a refusal says why and what would help', async () => {
    const reports = await probeDevices();
    expect(reports.map(({ device }) => device)).toEqual(DEVICES);
    expect(reports.find(({ device }) => device === 'cpu')).toEqual({ device: 'cpu', available: true, reason: '' });
    for (const { available, reason } of reports) {
      if (available) expect(reason).toBe('');
      else expect(reason).toMatch(/^\S.{5,}; \S/u);
    }
    // The package from npm has no CUDA.
    expect(reports[0]).toMatchObject({ device: 'cuda', available: false });
    expect(reports[0]?.reason).toContain('parley.onnxruntimePath');
  });

  it('a small model stays on the CPU', async () => {
    const root = await temporaryFolder();
    await writeTinyModel(root.path);
    const { sessions } = await openModel({ model: root.path, threads: 1, device: 'auto' });
    expect(sessions.settings.device).toBe('cpu');
    await sessions.dispose();
    await root.remove();
  });

  it('a device asked for by name that does not work is refused before anything begins, with what would help', async () => {
    const root = await temporaryFolder();
    await writeTinyModel(root.path);
    const device = process.platform === 'darwin' ? 'dml' : 'coreml';
    await expect(openModel({ model: root.path, threads: 1, device })).rejects.toThrow(
      new RegExp(`^device ${device} does not work here: .+; .+ is part of onnxruntime-node on \\w+ only$`, 'u'),
    );
    await root.remove();
  });

  it('an onnxruntime elsewhere is refused by its path', async () => {
    await expect(probeDevices('relative/path')).rejects.toThrow('onnxruntimePath relative/path is not absolute');
    await expect(probeDevices('/nonexistent')).rejects.toThrow('onnxruntimePath /nonexistent holds no onnxruntime-node');
  });
});
