import { PickleError, PyDict, PyGlobal, type PyValue } from './pickleData';

/** Deeper than CPython's own pickler can write (its recursion limit is 1000). */
const MAX_DEPTH = 1_000;
/** Containers met when walking everything without remembering what was seen. */
const MAX_WALK = 2_000_000;

interface Shape {
  readonly depth: number;
  /** Containers in it, counted as often as they are reached. */
  readonly walk: number;
}

interface Frame {
  readonly container: PyValue[] | PyDict;
  readonly children: readonly PyValue[];
  next: number;
  depth: number;
  walk: number;
}

/**
 * Refuses what a walk through data would choke on: loops, nesting beyond any honest file, and sharing that multiplies
 * (a list of ten times the same list of ten times …). Takes time in proportion to the references there are.
 * @throws PickleError
 */
export function checkShape(root: PyValue): void {
  const lists = new Map<PyValue[], Shape | null>();
  const path: Frame[] = [];
  const enter = (value: PyValue): Shape | undefined => {
    if (value === null || typeof value !== 'object') return LEAF;
    const isList = Array.isArray(value);
    if (!isList && !(value instanceof PyDict)) {
      if (value instanceof PyGlobal) throw new PickleError(`has ${value.qualifiedName} where data should be: it is refused`);
      return LEAF;
    }
    const known = isList ? lists.get(value) : value.shape;
    if (known === null) throw new PickleError('contains itself: it is refused');
    if (known !== undefined) return known;
    if (isList) lists.set(value, null);
    else value.shape = null;
    path.push({ container: value, children: isList ? value : value.items, next: 0, depth: 1, walk: 1 });
    return undefined;
  };

  if (enter(root) !== undefined) return;
  for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
    const child = frame.children[frame.next];
    if (child === undefined) {
      path.pop();
      const shape = { depth: frame.depth, walk: frame.walk };
      if (Array.isArray(frame.container)) lists.set(frame.container, shape);
      else frame.container.shape = shape;
      const parent = path.at(-1);
      if (parent !== undefined) add(parent, shape);
      continue;
    }
    frame.next += 1;
    const shape = enter(child);
    if (shape === undefined) {
      if (path.length > MAX_DEPTH) throw tooDeep();
    } else if (shape !== LEAF) add(frame, shape);
  }
}

const LEAF: Shape = { depth: 0, walk: 0 };

function add(frame: Frame, child: Shape): void {
  frame.depth = Math.max(frame.depth, child.depth + 1);
  frame.walk += child.walk;
  if (frame.depth > MAX_DEPTH) throw tooDeep();
  if (frame.walk > MAX_WALK) throw new PickleError('multiplies when it is unfolded: it is refused');
}

function tooDeep(): PickleError {
  return new PickleError(`nests more than ${MAX_DEPTH} deep: it is refused`);
}
