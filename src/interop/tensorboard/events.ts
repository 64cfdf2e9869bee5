import type { JournalLine } from '../../protocol/runFiles';
import { MEASURE_SCALARS, type Scalar, TRAINING_SCALARS } from '../tables';
import { Message } from './protobuf';
import { tfRecord } from './record';

/** A number under a tag, at a step. */
interface TaggedValue {
  readonly tag: string;
  readonly value: number;
}

/** Of tensorflow/core/framework/types.proto. */
const DT_FLOAT = 1;
/** `DataClass` of tensorflow/core/framework/summary.proto: a tensor of one number. */
const DATA_CLASS_SCALAR = 1;

/** The first record of an event file. @param seconds since 1970 */
export function versionRecord(seconds: number): Uint8Array {
  const source = new Message().text(1, 'parley');
  return tfRecord(new Message().double(1, seconds).text(3, 'brain.Event:2').message(10, source).encoded());
}

/**
 * The record of a journal line, an `Event` whose step is the iteration; null for one without numbers. Tags are `measures/efficiency`,
 * `training/loss` and, of a finished run, `final/efficiency`. Each value names the scalars plugin, and is a float tensor.
 */
export function lineRecord(line: JournalLine): Uint8Array | null {
  const values = valuesOf(line);
  if (values.length === 0) return null;
  const summary = new Message();
  for (const value of values) summary.message(1, valueMessage(value));
  const seconds = (Date.parse(line.time) || 0) / 1000;
  return tfRecord(new Message().double(1, seconds).varint(2, line.iteration).message(5, summary).encoded());
}

function valuesOf(line: JournalLine): TaggedValue[] {
  if (line.type === 'finished') {
    const { measures, againstOpponent } = line;
    return [
      ...tagged('final', MEASURE_SCALARS, measures),
      ...(againstOpponent === undefined ? [] : tagged('against_opponent', MEASURE_SCALARS, againstOpponent)),
    ];
  }
  const { measures, training, seconds } = line;
  return [
    ...(measures === undefined ? [] : tagged('measures', MEASURE_SCALARS, measures)),
    ...(training === undefined ? [] : [...tagged('training', TRAINING_SCALARS, training), { tag: 'training/seconds', value: seconds }]),
  ];
}

function tagged<T>(group: string, scalars: readonly Scalar<T>[], from: T): TaggedValue[] {
  return scalars.flatMap(({ name, read }) => {
    const value = read(from);
    return typeof value === 'number' ? [{ tag: `${group}/${name}`, value }] : [];
  });
}

/** `Summary.Value` with tag (1), tensor (8) and metadata (9). */
function valueMessage({ tag, value }: TaggedValue): Message {
  const content = new Uint8Array(new Float32Array([value]).buffer);
  // TensorProto: dtype (1), an empty tensor_shape (2) for a scalar, tensor_content (4).
  const tensor = new Message().varint(1, DT_FLOAT).message(2, new Message()).bytes(4, content);
  const plugin = new Message().text(1, 'scalars');
  const metadata = new Message().message(1, plugin).varint(4, DATA_CLASS_SCALAR);
  return new Message().text(1, tag).message(8, tensor).message(9, metadata);
}

/** The name of an event file; TensorBoard looks for `tfevents` in it. @param seconds since 1970 */
export function eventFileName(seconds: number): string {
  return `events.out.tfevents.${String(Math.max(0, Math.floor(seconds))).padStart(10, '0')}.parley`;
}
