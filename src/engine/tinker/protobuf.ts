import { ProtobufWriter } from '../onnx/graph/protobuf';
import type { Datum } from './wire';

/** A `/forward_backward` that is sent as protobuf. */
export interface ForwardBackward {
  readonly modelId: string;
  readonly seq: number;
  readonly data: readonly Datum[];
  readonly lossFn: string;
}

/** Numbers of the types that tensors have. */
const FLOAT32 = 1;
const INT64 = 2;

/**
 * `ForwardBackwardRequest` of the Tinker API as protobuf, for servers that answer JSON with 415: model_id 1, seq_id 2, data 3,
 * loss_fn 4; a datum has model_input 1 and loss_fn_inputs 2, a chunk encoded_text 1 with tokens 1 as int32, a tensor dense 1, dtype 3, shape 4.
 */
export function encodeForwardBackward({ modelId, seq, data, lossFn }: ForwardBackward): Uint8Array<ArrayBuffer> {
  const request = new ProtobufWriter();
  request.string(1, modelId);
  request.integer(2, seq);
  for (const datum of data) request.message(3, datumMessage(datum));
  request.string(4, lossFn);
  return request.finish();
}

function datumMessage({ tokens, targets, weights, logProbs, advantages }: Datum): ProtobufWriter {
  const text = new ProtobufWriter();
  text.bytes(1, bytesOf(Int32Array.from(tokens)));
  const chunk = new ProtobufWriter();
  chunk.message(1, text);
  const datum = new ProtobufWriter();
  datum.message(1, chunk);
  const inputs = {
    target_tokens: tensor(BigInt64Array.from(targets, BigInt), INT64),
    weights: tensor(Float32Array.from(weights), FLOAT32),
    logprobs: tensor(Float32Array.from(logProbs), FLOAT32),
    advantages: tensor(Float32Array.from(advantages), FLOAT32),
  };
  for (const [name, value] of Object.entries(inputs)) {
    // An entry of a map is a message of its key and its value.
    const entry = new ProtobufWriter();
    entry.string(1, name);
    entry.message(2, value);
    datum.message(2, entry);
  }
  return datum;
}

function tensor(values: Float32Array | BigInt64Array, dtype: number): ProtobufWriter {
  const message = new ProtobufWriter();
  message.bytes(1, bytesOf(values));
  message.integer(3, dtype);
  message.integer(4, values.length);
  return message;
}

/** Little-endian, as every machine that this runs on has them. */
function bytesOf(values: Float32Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
