/** A message of the wire format: values by field number, in order. */
type Fields = Map<number, (Uint8Array | number)[]>;

/** Reads a `ForwardBackwardRequest` back to what the JSON body would be. @throws RangeError where it is cut off */
export function readForwardBackward(bytes: Uint8Array): object {
  // A copy: slices of a buffer would be views of its pool.
  const request = readFields(new Uint8Array(bytes));
  return {
    model_id: text(request, 1),
    seq_id: Number(request.get(2)?.[0] ?? 0),
    forward_backward_input: { data: messages(request, 3).map(readDatum), loss_fn: text(request, 4) },
  };
}

function readDatum(datum: Fields): object {
  const chunks = messages(datum, 1).map((chunk) => ({ type: 'encoded_text', tokens: [...int32(bytesOf(messages(chunk, 1)[0]!, 1))] }));
  const inputs = messages(datum, 2).map((entry) => [text(entry, 1), { data: readTensor(messages(entry, 2)[0]!) }] as const);
  return { model_input: { chunks }, loss_fn_inputs: Object.fromEntries(inputs) };
}

function readTensor(tensor: Fields): number[] {
  const dense = bytesOf(tensor, 1);
  const view = new DataView(dense.buffer, dense.byteOffset, dense.byteLength);
  const dtype = Number(tensor.get(3)?.[0]);
  const length = Number(tensor.get(4)?.[0]);
  const data = Array.from({ length: dense.length / (dtype === 2 ? 8 : 4) }, (_, i) =>
    dtype === 1 ? view.getFloat32(4 * i, true) : dtype === 2 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
  if (data.length !== length) throw new RangeError(`${data.length} values of shape ${length}`);
  return data;
}

function readFields(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('cut off');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind !== 0 && kind !== 2) throw new RangeError(`wire type ${kind}`);
    const length = varint();
    const value = kind === 0 ? length : bytes.slice(at, at + length);
    if (kind === 2) at += length;
    if (at > bytes.length) throw new RangeError('cut off');
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

function bytesOf(fields: Fields, number: number): Uint8Array {
  const [value] = fields.get(number) ?? [];
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).flatMap((value) => (value instanceof Uint8Array ? [readFields(value)] : []));
}

function text(fields: Fields, number: number): string {
  return new TextDecoder().decode(bytesOf(fields, number));
}

function int32(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}
