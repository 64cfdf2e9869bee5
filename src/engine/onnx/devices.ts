import { add } from './graph/elementwise';
import { Graph } from './graph/graph';
import { gemm } from './graph/matmul';
import { softmax } from './graph/softmax';
import { type Device, loadRuntime, openSession, type Runtime } from './runtime';

/** What a probe found out about a device. */
export interface DeviceReport {
  readonly device: Device;
  readonly available: boolean;
  /** Why not, and what would help; empty where it is available. */
  readonly reason: string;
}

/** Devices in the order in which they are preferred. DirectML and Core ML are used only when a setting names them. */
export const DEVICES: readonly Device[] = ['cuda', 'webgpu', 'cpu', 'dml', 'coreml'];

const PREFERRED: readonly Device[] = ['cuda', 'webgpu', 'cpu'];

/** Models below this many parameters stay on the CPU under `auto`: hundreds of tiny kernels a run cost more to start than to compute. */
const GPU_FROM = 5_000_000;

const HELP: Readonly<Record<Device, string>> = {
  cuda: 'needs an onnxruntime-node that was installed with CUDA (setting parley.onnxruntimePath), CUDA 12 and cuDNN 9',
  webgpu:
    'needs a GPU with a Vulkan, Metal or Direct3D 12 driver; on Linux libvulkan.so.1 (package libvulkan1) and the driver’s Vulkan part',
  cpu: 'the onnxruntime-node package is incomplete; install it again',
  dml: 'DirectML is part of onnxruntime-node on Windows only',
  coreml: 'Core ML is part of onnxruntime-node on macOS only',
};

/**
 * Tries every device by running a small graph on it and comparing the result.
 * @param onnxruntimePath folder of another onnxruntime-node
 * @throws Error when there is no onnxruntime to load.
 */
export async function probeDevices(onnxruntimePath?: string): Promise<DeviceReport[]> {
  const runtime = await loadRuntime(onnxruntimePath);
  const reports: DeviceReport[] = [];
  for (const device of DEVICES) {
    const reason = await refusal(runtime, device);
    reports.push({ device, available: reason === null, reason: reason === null ? '' : `${reason}; ${HELP[device]}` });
  }
  return reports;
}

/** The device that `auto` stands for. */
export async function chooseDevice(runtime: Runtime, parameters: number): Promise<Device> {
  if (parameters < GPU_FROM) return 'cpu';
  for (const device of PREFERRED) if ((await refusal(runtime, device)) === null) return device;
  throw new Error(`onnxruntime runs on no device here: ${await refusal(runtime, 'cpu')}`);
}

/** Tries a device that was asked for by name. @throws Error that says why it does not work, and what would help. */
export async function requireDevice(runtime: Runtime, device: Device): Promise<void> {
  const reason = await refusal(runtime, device);
  if (reason !== null) throw new Error(`device ${device} does not work here: ${reason}; ${HELP[device]}`);
}

const SIZE = 32;

/** Why a device does not compute softmax(x · x + x) rightly; null when it does. */
async function refusal(runtime: Runtime, device: Device): Promise<string | null> {
  const graph = new Graph('probe');
  const input = graph.input('x', 'float32', [SIZE, SIZE]);
  graph.output('y', softmax(add(gemm(input, input), input)));
  const x = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7) % 13) / 13 - 0.5);
  try {
    const session = await openSession(graph.encode(), { runtime, device, threads: 1, spinning: false });
    const { y } = await session.run({ x: new runtime.Tensor('float32', x, [SIZE, SIZE]) });
    await session.release();
    const expected = twin(x);
    const wrong = expected.findIndex((value, i) => !(Math.abs(value - Number(y?.data[i])) < 1e-4));
    return wrong < 0 ? null : `it computes a wrong number (${String(y?.data[wrong])} for ${expected[wrong]})`;
  } catch (error) {
    return shorten(error instanceof Error ? error.message : String(error));
  }
}

function twin(x: Float32Array): number[] {
  const at = (i: number, j: number): number => x[i * SIZE + j]!;
  return Array.from({ length: SIZE }, (_, i) => {
    const row = Array.from({ length: SIZE }, (_, j) => {
      let sum = at(i, j);
      for (let k = 0; k < SIZE; k++) sum += at(i, k) * at(k, j);
      return Math.exp(sum);
    });
    const total = row.reduce((a, b) => a + b);
    return row.map((value) => value / total);
  }).flat();
}

/** onnxruntime's messages begin with the place in its source; what a person can use comes last. */
function shorten(message: string): string {
  const lines = message.trim().split('\n');
  const last = lines.at(-1) ?? message;
  return last
    .replace(/^.*was false\. /u, '')
    .replace(/^.*ERR: \[\w+\] /u, '')
    .replace(/[.;\s]+$/u, '');
}
