import { fill } from './elementwise';
import { reshape } from './shape';
import { axisOf, showShape, staticShape, type Value } from './value';

/**
 * Rows of a table `[n, …]` by index (int64, `[…, 1]`): an embedding, or a choice of rows. The result is `[…, width]`.
 * The gradient adds where an index occurs twice. The index has its last axis from the start, as ScatterND wants it:
 * reshaping integers is something that WebGPU leaves to the CPU.
 */
export function gatherRows(table: Value, index: Value): Value {
  if (index.dtype !== 'int64' || index.shape.at(-1) !== 1)
    table.graph.fail('Gather', `index ${showShape(index.shape)} of type ${index.dtype}`);
  const width = table.shape.slice(1);
  const gathered = table.graph.node('Gather', [table, index], {
    attributes: { axis: { kind: 'int', value: 0 } },
    shape: [...index.shape, ...width],
    of: [table],
    vjp: (g) => [
      () => {
        const zeros = fill(table.graph, staticShape(table.shape), 0);
        return addRows(zeros, index, reshape(g, [...index.shape.slice(0, -1), ...width]));
      },
    ],
  });
  return reshape(gathered, [...index.shape.slice(0, -1), ...width]);
}

/** A table with `updates […, width]` added to its rows by index, as `gatherRows` has it. For gradients: it has none of its own. */
export function addRows(table: Value, index: Value, updates: Value): Value {
  return table.graph.node('ScatterND', [table, index, updates], {
    attributes: { reduction: { kind: 'string', value: 'add' } },
    shape: table.shape,
    of: [],
  });
}

/** One element a row: y[i, j] = x[i, index[i, j]]. */
export function gatherElements(x: Value, index: Value): Value {
  const axis = axisOf(x, -1);
  if (index.shape.length !== x.shape.length || index.shape.some((dim, i) => i !== axis && dim !== x.shape[i])) {
    x.graph.fail('GatherElements', `index ${showShape(index.shape)} into ${showShape(x.shape)}`);
  }
  return x.graph.node('GatherElements', [x, index], {
    attributes: { axis: { kind: 'int', value: axis } },
    dtype: x.dtype,
    shape: index.shape,
    of: [x],
    vjp: (g) => [() => scatterAdd(fill(x.graph, staticShape(x.shape), 0), index, g)],
  });
}

/** x with `updates[i, j]` added at `[i, index[i, j]]`. */
export function scatterAdd(x: Value, index: Value, updates: Value): Value {
  return x.graph.node('ScatterElements', [x, index, updates], {
    attributes: { axis: { kind: 'int', value: axisOf(x, -1) }, reduction: { kind: 'string', value: 'add' } },
    shape: x.shape,
    of: [x, updates],
    vjp: (g) => [() => g, () => gatherElements(g, index)],
  });
}
