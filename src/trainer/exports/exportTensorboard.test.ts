import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../test/cli/runCommandLine';
import { appendLine, sampleLine, writeSampleRun } from '../../../test/runs/sampleRun';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-tensorboard-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Of event.proto, summary.proto, tensor.proto, tensor_shape.proto and types.proto of TensorFlow: what a reader of scalars needs. */
const PROTO = `
syntax = "proto3";
message Event {
  double wall_time = 1; int64 step = 2;
  oneof what { string file_version = 3; Summary summary = 5; }
  SourceMetadata source_metadata = 10;
}
message SourceMetadata { string writer = 1; }
message Summary {
  message Value { string tag = 1; oneof value { float simple_value = 2; TensorProto tensor = 8; } SummaryMetadata metadata = 9; }
  repeated Value value = 1;
}
message SummaryMetadata {
  message PluginData { string plugin_name = 1; bytes content = 2; }
  PluginData plugin_data = 1; string display_name = 2; string summary_description = 3; int32 data_class = 4;
}
message TensorShapeProto { message Dim { int64 size = 1; string name = 2; } repeated Dim dim = 2; bool unknown_rank = 3; }
message TensorProto { int32 dtype = 1; TensorShapeProto tensor_shape = 2; int32 version_number = 3; bytes tensor_content = 4; repeated float float_val = 5; }
`;
const Event = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('Event');

interface Read {
  readonly wall_time: number;
  readonly step: number;
  readonly file_version?: string;
  readonly source_metadata?: { readonly writer: string };
  readonly summary?: {
    readonly value: readonly {
      readonly tag: string;
      readonly tensor: { readonly dtype: number; readonly tensor_shape: object; readonly tensor_content: Uint8Array };
      readonly metadata: { readonly plugin_data: { readonly plugin_name: string }; readonly data_class: number };
    }[];
  };
}

/** CRC-32C bit by bit, from the polynomial. */
function slowCrc(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = BigInt(slowCrc(bytes));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** The events of a file, every record's length and checksums checked. */
function readEvents(path: string): Read[] {
  const bytes = readFileSync(path);
  const events: Read[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    events.push(Event.toObject(Event.decode(data), { longs: Number }) as Read);
    at += 16 + length;
  }
  return events;
}

describe('parley export tensorboard', () => {
  it('computes the checksum of RFC 3720', () => expect(slowCrc(new TextEncoder().encode('123456789'))).toBe(0xe3069283));

  it('writes events of every measure that protobufjs reads, a folder a run', async () => {
    const run = join(folder, 'aa');
    const config = writeSampleRun(run, 3);
    const measures = sampleLine(config, 1, { rows: 16, bytes: 1 }).measures!;
    appendLine(run, { type: 'finished', iteration: 3, time: '2026-11-24T10:00:09.000Z', measures: { ...measures, jointReward: null } });
    writeSampleRun(join(folder, 'rl'), 300, { algorithm: 'rl' }, { id: 'rl run/0' });
    const out = join(folder, 'logs');
    const { code, err } = await runCommandLine(['export', 'tensorboard', run, join(folder, 'rl'), '--out', out]);
    expect([code, err]).toEqual([0, '']);
    expect(readdirSync(out).sort()).toEqual(['rl-run-0', 'sample']);
    const began = Date.parse('2026-11-24T10:00:00.000Z') / 1000;
    const name = `events.out.tfevents.${began}.parley`;
    const [version, ...events] = readEvents(join(out, 'sample', name));
    expect(version).toEqual({ wall_time: began, file_version: 'brain.Event:2', source_metadata: { writer: 'parley' } });
    expect(events.map(({ step }) => step)).toEqual([1, 2, 3, 3]);

    const values = events.map(({ summary }) =>
      Object.fromEntries(summary!.value.map(({ tag, tensor }) => [tag, Buffer.from(tensor.tensor_content).readFloatLE()])),
    );
    expect(values[1]).toMatchObject({
      ...{ 'measures/mean_reward_0': 1.5, 'measures/joint_reward': 5.5, 'measures/efficiency': Math.fround(5.5 / 6), 'measures/kl': 0 },
      ...{ 'training/grad_norm': 1, 'training/sampled_tokens': 600, 'training/seconds': 0.5 },
    });
    // What was not measured is not there, and what is 0 is.
    expect(Object.keys(values[1]!)).not.toContain('measures/cooperate_after_cc');
    expect(values[3]).toMatchObject({ 'final/cooperation_rate': 0.75 });
    expect(Object.keys(values[3]!)).not.toContain('final/joint_reward');
    for (const { tensor, metadata } of events.flatMap(({ summary }) => summary!.value)) {
      expect([tensor.dtype, tensor.tensor_shape, tensor.tensor_content.length]).toEqual([1, {}, 4]);
      expect([metadata.plugin_data.plugin_name, metadata.data_class]).toEqual(['scalars', 1]);
    }
    // Steps that take two bytes.
    expect(readEvents(join(out, 'rl-run-0', name)).at(-1)!.step).toBe(300);
  });

  it('takes the iterations that are asked for', async () => {
    const run = join(folder, 'aa');
    writeSampleRun(run, 3);
    const out = join(folder, 'logs');
    expect((await runCommandLine(['export', 'tensorboard', run, '--out', out, '--iteration', '2'])).code).toBe(0);
    const file = join(out, 'sample', readdirSync(join(out, 'sample'))[0]!);
    expect(readEvents(file).map(({ step }) => step ?? 0)).toEqual([0, 2]);
  });
});
