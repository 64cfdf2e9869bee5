import { add, fill } from './elementwise';
import { sameShape, showShape, staticShape, type Value } from './value';

/**
 * Reverse-mode differentiation: adds the nodes that compute d loss / d each of `wrt`, in their order.
 * @param loss one number, in any shape; or any value, with the gradient by it
 * @param seed d loss / d that value, of its shape
 * @throws Error when the loss does not depend on one of them.
 */
export function gradients(loss: Value, wrt: readonly Value[], seed?: Value): Value[] {
  const order = dependents(loss, wrt);
  const needed = new Set(order.map((value) => value.id));
  const parts = new Map<number, Value[]>([[loss.id, [seed ?? fill(loss.graph, staticShape(loss.shape), 1)]]]);
  const total = new Map<number, Value>();
  for (const value of order.reverse()) {
    const gradient = (parts.get(value.id) ?? []).reduce<Value | null>((sum, part) => (sum ? add(sum, part) : part), null);
    if (!gradient) continue;
    total.set(value.id, gradient);
    if (!value.vjp) continue;
    const make = value.vjp(gradient);
    value.inputs.forEach((input, i) => {
      const thunk = make[i];
      if (!thunk || !needed.has(input.id)) return;
      const part = thunk();
      if (!sameShape(part.shape, input.shape)) {
        loss.graph.fail('Gradient', `gradient ${showShape(part.shape)} of a value ${showShape(input.shape)}`);
      }
      const list = parts.get(input.id);
      if (list) list.push(part);
      else parts.set(input.id, [part]);
    });
  }
  return wrt.map((value, i) => total.get(value.id) ?? loss.graph.fail('Gradient', `the loss does not depend on parameter ${i}`));
}

/** Values on a path from one of `wrt` to the loss, each after all that it is made of. */
function dependents(loss: Value, wrt: readonly Value[]): Value[] {
  const targets = new Set(wrt.map((value) => value.id));
  const known = new Map<number, boolean>();
  const order: Value[] = [];
  const visit = (value: Value): boolean => {
    const before = known.get(value.id);
    if (before !== undefined) return before;
    let depends = targets.has(value.id);
    for (const input of value.inputs) depends = visit(input) || depends;
    known.set(value.id, depends);
    if (depends) order.push(value);
    return depends;
  };
  visit(loss);
  return order;
}
