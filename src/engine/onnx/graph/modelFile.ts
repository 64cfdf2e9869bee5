import { ProtobufWriter } from './protobuf';
import type { DType, Shape, TensorData } from './value';

/** Opset 21 is the newest that every execution provider of onnxruntime 1.30 knows. */
export const OPSET = 21;

/** Where onnxruntime's own operators are; standard ones have no domain. */
export const ONNXRUNTIME_DOMAIN = 'com.microsoft';

/** What an attribute of a node may be. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: TensorFile };

/** A constant with its data. */
export interface TensorFile {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
  /** Whether the data is handed over beside the file, under the tensor's name, instead of in it. */
  readonly beside?: boolean;
}

/** A node by the names of what it reads and writes; an empty name is an absent optional input. */
export interface NodeFile {
  readonly name: string;
  readonly op: string;
  /** Left out for standard operators. */
  readonly domain?: typeof ONNXRUNTIME_DOMAIN;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A graph's input or output. */
export interface ValueFile {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A whole graph, ready to be written. */
export interface GraphFile {
  readonly name: string;
  readonly nodes: readonly NodeFile[];
  readonly initializers: readonly TensorFile[];
  readonly inputs: readonly ValueFile[];
  readonly outputs: readonly ValueFile[];
}

/** Element types as onnx.proto numbers them (TensorProto.DataType). */
const ELEMENT_TYPE: Record<DType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const;

/** The bytes of an ONNX file (ModelProto, IR version 10). Field numbers are those of onnx.proto. */
export function encodeModel(graph: GraphFile): Uint8Array<ArrayBuffer> {
  const model = new ProtobufWriter();
  model.integer(1, 10);
  model.string(2, 'parley');
  model.message(7, encodeGraph(graph));
  for (const [domain, version] of [
    ['', OPSET],
    [ONNXRUNTIME_DOMAIN, 1],
  ] as const) {
    if (domain !== '' && !graph.nodes.some((node) => node.domain === domain)) continue;
    const opset = new ProtobufWriter();
    if (domain !== '') opset.string(1, domain);
    opset.integer(2, version);
    model.message(8, opset);
  }
  return model.finish();
}

function encodeGraph(graph: GraphFile): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const node of graph.nodes) writer.message(1, encodeNode(node));
  writer.string(2, graph.name);
  for (const initializer of graph.initializers) writer.message(5, encodeTensor(initializer));
  for (const input of graph.inputs) writer.message(11, encodeValue(input));
  for (const output of graph.outputs) writer.message(12, encodeValue(output));
  return writer;
}

function encodeNode(node: NodeFile): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, node.name);
  writer.string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) writer.message(5, encodeAttribute(name, attribute));
  if (node.domain) writer.string(7, node.domain);
  return writer;
}

function encodeAttribute(name: string, attribute: Attribute): ProtobufWriter {
  const writer = new ProtobufWriter();
  writer.string(1, name);
  switch (attribute.kind) {
    case 'float':
      writer.float(2, attribute.value);
      break;
    case 'int':
      writer.integer(3, attribute.value);
      break;
    case 'string':
      writer.string(4, attribute.value);
      break;
    case 'tensor':
      writer.message(5, encodeTensor(attribute.value));
      break;
    case 'ints':
      for (const value of attribute.value) writer.integer(8, value);
      break;
  }
  writer.integer(20, ATTRIBUTE_TYPE[attribute.kind]);
  return writer;
}

function encodeTensor(tensor: TensorFile): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const dim of tensor.shape) writer.integer(1, dim);
  writer.integer(2, ELEMENT_TYPE[tensor.dtype]);
  writer.string(8, tensor.name);
  if (tensor.beside) {
    const { name, data } = tensor;
    for (const [key, value] of Object.entries({ location: name, offset: '0', length: String(data.byteLength) })) {
      const entry = new ProtobufWriter();
      entry.string(1, key);
      entry.string(2, value);
      writer.message(13, entry);
    }
    writer.integer(14, 1); // TensorProto.EXTERNAL
    return writer;
  }
  writer.bytes(9, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  return writer;
}

function encodeValue(value: ValueFile): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const dim of value.shape) {
    const dimension = new ProtobufWriter();
    if (typeof dim === 'string') dimension.string(2, dim);
    else dimension.integer(1, dim);
    shape.message(1, dimension);
  }
  const tensorType = new ProtobufWriter();
  tensorType.integer(1, ELEMENT_TYPE[value.dtype]);
  tensorType.message(2, shape);
  const type = new ProtobufWriter();
  type.message(1, tensorType);
  const writer = new ProtobufWriter();
  writer.string(1, value.name);
  writer.message(2, type);
  return writer;
}
