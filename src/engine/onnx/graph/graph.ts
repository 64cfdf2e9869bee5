import { type Attribute, encodeModel, type NodeFile, ONNXRUNTIME_DOMAIN, type TensorFile, type ValueFile } from './modelFile';
import { type DType, type Shape, showShape, sizeOf, type TensorData, type Value, type Vjp } from './value';

/** How a node is made. */
export interface NodeSpec {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly dtype?: DType;
  readonly shape: Shape;
  /** What the value is differentiable in, when that is not what the node reads. */
  readonly of?: readonly Value[];
  readonly vjp?: Vjp;
  /** Further outputs that the operator has and nobody reads. */
  readonly unread?: number;
  /** An operator of onnxruntime's own, which not every device has. */
  readonly own?: boolean;
}

interface PendingNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  readonly output: Value;
  /** Outputs behind the first that are read, too; null where one is left out. */
  readonly others: readonly (Value | null)[];
  readonly unread: number;
  readonly own: boolean;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A shape that an operator does not take, found while the graph is built. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** A graph of ONNX operators under construction, standard ones but for those that only graphs for sampling on a CPU have. Operators are the functions in the files beside this one. */
export class Graph {
  private readonly nodes: PendingNode[] = [];
  private readonly initializers: TensorFile[] = [];
  private readonly inputs: Value[] = [];
  private readonly outputs: Value[] = [];
  private readonly names: string[] = [];
  private readonly taken = new Set<string>();
  private readonly constants = new Map<string, Value>();
  private readonly scopes: string[] = [];

  constructor(readonly name: string) {}

  /** Names every node that `build` makes after `scope`, for error messages and profiles. */
  scope<T>(scope: string, build: () => T): T {
    this.scopes.push(scope);
    try {
      return build();
    } finally {
      this.scopes.pop();
    }
  }

  /** Something that is fed on every run. */
  input(name: string, dtype: DType, shape: Shape): Value {
    const value = this.value(dtype, shape, name);
    this.inputs.push(value);
    return value;
  }

  /** A constant with its data inside the graph. */
  constant(dtype: DType, shape: readonly number[], data: TensorData): Value {
    if (data.length !== sizeOf(shape))
      throw new ShapeError(`a constant ${showShape(shape)} in ${this.where('Constant')} got ${data.length} numbers`);
    const value = this.value(dtype, shape, `constant_${this.initializers.length}`);
    this.initializers.push({ name: this.nameOf(value), dtype, shape, data });
    return value;
  }

  /** A named constant whose data is not part of the encoded graph, but lies in `besides`: large weights, which are not copied. */
  weight(name: string, shape: readonly number[], data: Float32Array): Value {
    const value = this.value('float32', shape, name);
    this.initializers.push({ name, dtype: 'float32', shape, data, beside: true });
    return value;
  }

  /** What the encoded graph refers to by name and does not hold. */
  get besides(): readonly { readonly path: string; readonly data: Uint8Array }[] {
    return this.initializers
      .filter(({ beside }) => beside)
      .map(({ name, data }) => ({ path: name, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }));
  }

  /** A float scalar; equal ones are one constant. */
  scalar(x: number): Value {
    return this.memo(`f${x}`, () => this.constant('float32', [], Float32Array.of(x)));
  }

  /** A list of int64, as operators take for shapes and axes. */
  integers(list: readonly number[]): Value {
    return this.memo(`i${list}`, () => this.constant('int64', [list.length], BigInt64Array.from(list, BigInt)));
  }

  /** A constant table that is known by a name and made once. */
  table(name: string, shape: readonly number[], data: Float32Array): Value {
    return this.memo(name, () => this.constant('float32', shape, data));
  }

  /** Adds a node with one output. */
  node(op: string, inputs: readonly (Value | null)[], spec: NodeSpec): Value {
    return this.nodeWith(op, inputs, spec, [])[0];
  }

  /** Adds a node with several float outputs, by their shapes; null leaves one out. */
  nodeWith(op: string, inputs: readonly (Value | null)[], spec: NodeSpec, others: readonly (Shape | null)[]): [Value, ...(Value | null)[]] {
    const of = spec.of ?? inputs.filter((input) => input !== null);
    const output = this.value(spec.dtype ?? 'float32', spec.shape, undefined, of, spec.vjp ?? null);
    const more = others.map((shape) => (shape ? this.value('float32', shape) : null));
    const { unread = 0, own = false, attributes = {} } = spec;
    this.nodes.push({ name: this.where(op), op, inputs, output, others: more, unread, own, attributes });
    return [output, ...more];
  }

  /** A value equal to `made` that is differentiated by `vjp` in `of`, instead of through the nodes that made it. */
  differentiatedBy(made: Value, of: readonly Value[], vjp: Vjp): Value {
    const value: Value = { ...made, id: this.names.length, inputs: of, vjp };
    this.names.push(this.nameOf(made));
    this.aliases.set(value.id, this.aliases.get(made.id) ?? made.id);
    return value;
  }

  /** Makes a value an output under a name of its own. */
  output(name: string, value: Value): void {
    const made = this.aliases.get(value.id) ?? value.id;
    const own =
      this.nodes.some((node) => made === node.output.id || node.others.some((other) => other?.id === made)) &&
      !this.outputs.some((output) => output.id === made);
    const named = own ? { ...value, id: made } : this.node('Identity', [value], { dtype: value.dtype, shape: value.shape });
    this.rename(named, name);
    this.outputs.push(named);
  }

  /** Stops the build: the node that would be made next cannot be. */
  fail(op: string, why: string): never {
    throw new ShapeError(`node ${this.where(op)}: ${why}`);
  }

  /** Every operator type that occurs in the graph. */
  operators(): Set<string> {
    return new Set(this.nodes.map((node) => node.op));
  }

  get nodeCount(): number {
    return this.nodes.length;
  }

  /** The names of the inputs, in the order in which they were made. */
  inputNames(): string[] {
    return this.inputs.map((input) => this.nameOf(input));
  }

  outputNames(): string[] {
    return this.outputs.map((output) => this.nameOf(output));
  }

  /** The bytes of the ONNX file. */
  encode(): Uint8Array<ArrayBuffer> {
    const file = (value: Value): ValueFile => ({ name: this.nameOf(value), dtype: value.dtype, shape: value.shape });
    const nodes: NodeFile[] = this.wanted().map((node) => ({
      name: node.name,
      op: node.op,
      ...(node.own && { domain: ONNXRUNTIME_DOMAIN }),
      inputs: node.inputs.map((input) => (input ? this.nameOf(input) : '')),
      outputs: [
        ...[node.output, ...node.others].map((value) => (value ? this.nameOf(value) : '')),
        ...Array.from({ length: node.unread }, (_, i) => `${node.name}.unread${i}`),
      ],
      attributes: node.attributes,
    }));
    return encodeModel({
      name: this.name,
      nodes,
      initializers: this.initializers,
      inputs: this.inputs.map(file),
      outputs: this.outputs.map(file),
    });
  }

  /** Bytes of all that its nodes make, sizes known only at run time left out: more than a run needs at a time, which reuses what is read no more. */
  bytes(): number {
    const elements = ({ shape }: Value): number => shape.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : 0), 1);
    return this.wanted().reduce((total, { output }) => total + (output.dtype === 'int64' ? 8 : 4) * elements(output), 0);
  }

  /** The nodes that an output depends on: onnxruntime would run the others too. */
  private wanted(): PendingNode[] {
    const made = (value: Value): number => this.aliases.get(value.id) ?? value.id;
    const needed = new Set(this.outputs.map(made));
    const kept = this.nodes.reduceRight<PendingNode[]>((list, node) => {
      if (![node.output, ...node.others].some((value) => value && needed.has(value.id))) return list;
      for (const input of node.inputs) if (input) needed.add(made(input));
      list.push(node);
      return list;
    }, []);
    return kept.reverse();
  }

  private readonly aliases = new Map<number, number>();

  private value(dtype: DType, shape: Shape, name?: string, inputs: readonly Value[] = [], vjp: Vjp | null = null): Value {
    const id = this.names.length;
    const own = name ?? `v${id}`;
    if (this.taken.has(own)) throw new Error(`two values of graph ${this.name} are called ${own}`);
    this.taken.add(own);
    this.names.push(own);
    return { graph: this, id, dtype, shape, inputs, vjp };
  }

  private nameOf(value: Value): string {
    const made = this.aliases.get(value.id);
    return this.names[made ?? value.id]!;
  }

  private rename(value: Value, name: string): void {
    if (this.taken.has(name)) throw new Error(`two values of graph ${this.name} are called ${name}`);
    this.taken.add(name);
    this.names[value.id] = name;
  }

  private memo(key: string, make: () => Value): Value {
    let value = this.constants.get(key);
    if (!value) {
      value = make();
      this.constants.set(key, value);
    }
    return value;
  }

  private where(op: string): string {
    return [...this.scopes, `${op}_${this.nodes.length}`].join('/');
  }
}
