import { resolve } from 'node:path';
import { probeDevices } from '../engine/onnx/devices';
import type { Command } from './command';
import { alignTable } from './measuresTable';

/** `parley devices`: what graphs can run on here, and why not on the rest. */
export const devicesCommand: Command = {
  name: 'devices',
  summary: 'what training can run on here, and why not on the rest',
  about: `
Tries every device by running a small graph on it and comparing the result. --device auto takes the first of cuda, webgpu
and cpu that works, and the CPU for small models, which it trains faster.
CUDA is not in Parley's package: install onnxruntime-node with CUDA (CUDA 12 and cuDNN 9 beside it) in a folder of your own,
and name that folder with --onnxruntime-path or the setting parley.onnxruntimePath.`,
  positionals: [],
  options: [
    { name: 'onnxruntime-path', value: 'DIR', about: 'another onnxruntime-node, such as one with CUDA' },
    { name: 'json', about: 'a JSON array of {"device", "available", "reason"}' },
  ],
  examples: [
    ['parley devices', 'what there is'],
    ['parley devices --onnxruntime-path ~/ort-cuda/node_modules/onnxruntime-node', 'with an onnxruntime-node of your own'],
  ],
  run: async (args, terminal) => {
    const path = args.text('onnxruntime-path');
    const reports = await probeDevices(path === undefined ? undefined : resolve(path));
    const rows = reports.map(({ device, available, reason }) => [device, available ? 'works' : 'no', reason]);
    const longest = Math.max(...rows.map(([, , reason]) => reason?.length ?? 0));
    terminal.out(
      args.has('json')
        ? `${JSON.stringify(reports)}\n`
        : `${alignTable(rows.map(([device = '', works = '', reason = '']) => [device.padEnd(6), works.padEnd(5), reason.padEnd(longest)]))}\n`,
    );
    return reports.some(({ available }) => available) ? 0 : 1;
  },
};
