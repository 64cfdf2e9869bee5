import type { Feeds, Sessions } from './sessions';

/** A named tensor's shape. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Tensors that lie one after another in one vector, so that an optimizer sees one vector and graphs see tensors. */
export class FlatParameters {
  readonly data: Float32Array;
  private readonly views = new Map<string, Float32Array>();

  constructor(
    readonly shapes: readonly ParameterShape[],
    data?: Float32Array,
  ) {
    const sizes = shapes.map(({ shape }) => shape.reduce((product, dim) => product * dim, 1));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (data && data.length !== total) throw new Error(`${data.length} numbers for parameters of ${total}`);
    this.data = data ?? new Float32Array(total);
    let at = 0;
    for (const [i, { name }] of shapes.entries()) {
      this.views.set(name, this.data.subarray(at, at + sizes[i]!));
      at += sizes[i]!;
    }
  }

  /** One tensor's numbers: a view, not a copy. @throws Error when there is none of that name. */
  view(name: string): Float32Array {
    const view = this.views.get(name);
    if (!view) throw new Error(`no parameter ${name}`);
    return view;
  }

  copy(): FlatParameters {
    return new FlatParameters(this.shapes, this.data.slice());
  }

  /** Every tensor over its view, under its name or another made from it. */
  tensors(sessions: Sessions, named: (name: string) => string = (name) => name): Feeds {
    return Object.fromEntries(this.shapes.map(({ name, shape }) => [named(name), sessions.float(this.view(name), shape)]));
  }
}
