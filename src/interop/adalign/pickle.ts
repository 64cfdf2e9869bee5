import { damaged, PickleBytes } from './pickleBytes';
import { Budget, type Buildable, type GlobalTable, PickleError, PyDict, PyGlobal, PyObject, type PyValue } from './pickleData';
import { checkShape } from './pickleShape';

/** How a pickle is to be read. */
export interface PickleOptions {
  readonly globals: GlobalTable;
  /** What stands for a persistent id; without it such ids are refused. */
  readonly persistent?: (id: PyValue, budget: Budget) => PyValue;
  readonly budget?: Budget;
  /** Where the pickle starts, and where the bytes that it may lie in end. */
  readonly start?: number;
  readonly end?: number;
}

/** Open MARKs and waiting objects: more than CPython can nest, and more than it ever has waiting. */
const MAX_MARKS = 2_000;
const MAX_STACK = 100_000;
/** Memo indices are dense; a gap beyond this is no pickler's. */
const MAX_MEMO_GAP = 1_000;
/** Dicts are looked through: wider ones, which no rollout has, would make that slow. */
const MAX_KEYS = 1_000;

/**
 * Reads the pickle (protocols 2 to 5) that starts the bytes, building data only. Nothing in it can run: a global is
 * looked up in a table and anything else is refused by name.
 * @throws PickleError
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): PyValue {
  const { value } = readPickleAt(bytes, options);
  checkShape(value);
  return value;
}

/**
 * As `readPickle`, and says where the pickle ended; the shape of what it built is not checked.
 * @throws PickleError
 */
export function readPickleAt(bytes: Uint8Array, options: PickleOptions): { value: PyValue; end: number } {
  const budget = options.budget ?? new Budget(bytes.length);
  const machine = new Machine(bytes, options, budget);
  const value = machine.run();
  return { value, end: machine.end };
}

/** Costs of what an opcode builds, bytes, roughly what V8 takes; a list that is appended to reserves places at once. */
const COST = { list: 64, firstItem: 136, item: 8, dict: 128, memo: 32 } as const;

class Machine {
  readonly #input: PickleBytes;
  readonly #stack: PyValue[] = [];
  /** Objects on the stack; what lies above is left from before. */
  #size = 0;
  readonly #marks: number[] = [];
  readonly #memo: PyValue[] = [];

  constructor(
    bytes: Uint8Array,
    private readonly options: PickleOptions,
    private readonly budget: Budget,
  ) {
    this.#input = new PickleBytes(bytes, budget, options.start ?? 0, options.end ?? bytes.length);
  }

  /** Where the pickle that was read ends. */
  get end(): number {
    return this.#input.pos;
  }

  run(): PyValue {
    const input = this.#input;
    const memo = this.#memo;
    const budget = this.budget;
    for (;;) {
      const at = input.pos;
      const op = input.byte();
      budget.step();
      if (this.#size > MAX_STACK) throw new PickleError(`piles up more than ${MAX_STACK} objects: it is not read further`);
      switch (op) {
        case 0x80: {
          const protocol = input.byte();
          if (protocol < 2 || protocol > 5) throw new PickleError(`is of pickle protocol ${protocol}; protocols 2 to 5 are read`);
          break;
        }
        case 0x95: // FRAME
          input.length8();
          break;
        case 0x2e: // STOP
          if (this.#marks.length > 0 || this.#size !== 1) throw new PickleError('ends with objects left over: the file is damaged');
          return this.#pop();
        case 0x94: // MEMOIZE
          this.#remember(memo.length);
          break;
        case 0x71: // BINPUT
          this.#remember(input.byte());
          break;
        case 0x72: // LONG_BINPUT
          this.#remember(input.uint32());
          break;
        case 0x68: // BINGET
          this.#push(this.#recall(input.byte()));
          break;
        case 0x6a: // LONG_BINGET
          this.#push(this.#recall(input.uint32()));
          break;
        case 0x28: // MARK
          if (this.#marks.length >= MAX_MARKS) throw new PickleError(`nests more than ${MAX_MARKS} deep: it is not read further`);
          this.#marks.push(this.#size);
          break;
        case 0x4e: // NONE
          this.#push(null);
          break;
        case 0x88: // NEWTRUE
          this.#push(true);
          break;
        case 0x89: // NEWFALSE
          this.#push(false);
          break;
        case 0x4b: // BININT1
          this.#push(input.byte());
          break;
        case 0x4d: // BININT2
          this.#push(input.uint16());
          break;
        case 0x4a: // BININT
          this.#push(input.uint32() | 0);
          break;
        case 0x8a: // LONG1
          this.#push(input.long(input.byte()));
          break;
        case 0x8b: // LONG4
          this.#push(input.long(input.uint32()));
          break;
        case 0x47: // BINFLOAT
          this.#push(input.double());
          break;
        case 0x8c: // SHORT_BINUNICODE
          this.#push(input.text(input.byte()));
          break;
        case 0x58: // BINUNICODE
          this.#push(input.text(input.uint32()));
          break;
        case 0x8d: // BINUNICODE8
          this.#push(input.text(input.length8()));
          break;
        case 0x43: // SHORT_BINBYTES
          this.#push(input.data(input.byte()));
          break;
        case 0x42: // BINBYTES
          this.#push(input.data(input.uint32()));
          break;
        case 0x8e: // BINBYTES8
          this.#push(input.data(input.length8()));
          break;
        case 0x5d: // EMPTY_LIST
        case 0x29: // EMPTY_TUPLE
          this.budget.spend(COST.list);
          this.#push([]);
          break;
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.#tuple(op - 0x84);
          break;
        case 0x74: // TUPLE
        case 0x6c: // LIST
          this.#tuple(this.#size - this.#mark());
          break;
        case 0x61: // APPEND
          this.#append(this.#size - 1, at);
          break;
        case 0x65: // APPENDS
          this.#append(this.#mark(), at);
          break;
        case 0x7d: // EMPTY_DICT
          this.budget.spend(COST.dict);
          this.#push(new PyDict());
          break;
        case 0x64: {
          // DICT
          const from = this.#mark();
          this.budget.spend(COST.dict);
          const dict = new PyDict();
          this.#setItems(dict, from, at);
          this.#push(dict);
          break;
        }
        case 0x73: // SETITEM
          this.#setItems(this.#dictBelow(this.#size - 2, at), this.#size - 2, at);
          break;
        case 0x75: {
          // SETITEMS
          const from = this.#mark();
          this.#setItems(this.#dictBelow(from, at), from, at);
          break;
        }
        case 0x30: // POP
          if (this.#marks[this.#marks.length - 1] === this.#size) this.#marks.pop();
          else this.#pop();
          break;
        case 0x31: // POP_MARK
          this.#size = this.#mark();
          break;
        case 0x32: // DUP
          this.#push(this.#top());
          break;
        case 0x63: // GLOBAL
          this.#push(this.#global(input.line(), input.line()));
          break;
        case 0x93: {
          // STACK_GLOBAL
          const name = this.#pop();
          const module = this.#pop();
          if (typeof name !== 'string' || typeof module !== 'string') throw damaged(at, 'a global without a name');
          this.#push(this.#global(module, name));
          break;
        }
        case 0x69: // INST
          throw this.#refusal(input.line(), input.line());
        case 0x52: {
          // REDUCE
          const args = this.#pop();
          const callee = this.#pop();
          if (!(callee instanceof PyGlobal)) throw damaged(at, 'a call of something that is no global');
          if (!Array.isArray(args)) throw damaged(at, `a call of ${callee.qualifiedName} without arguments`);
          this.#push(callee.call(args, this.budget));
          break;
        }
        case 0x62: {
          // BUILD
          const state = this.#pop();
          const object = this.#top();
          if (!isBuildable(object)) throw new PickleError('sets the state of an object that is plain data: it is refused');
          object.build(state);
          break;
        }
        case 0x51: {
          // BINPERSID
          const id = this.#pop();
          if (this.options.persistent === undefined) throw new PickleError('refers to something outside the file: it is refused');
          this.#push(this.options.persistent(id, this.budget));
          break;
        }
        default:
          throw new PickleError(`${opcodeName(op)} at byte ${at} is refused: files of this format have no use for it`);
      }
    }
  }

  #push(value: PyValue): void {
    this.#stack[this.#size++] = value;
  }

  #pop(): PyValue {
    if (this.#size === 0 || this.#marks[this.#marks.length - 1] === this.#size) {
      throw damaged(this.#input.pos - 1, 'an object that is missing');
    }
    return this.#stack[--this.#size]!;
  }

  #top(): PyValue {
    if (this.#size === 0) throw damaged(this.#input.pos - 1, 'an object that is missing');
    return this.#stack[this.#size - 1]!;
  }

  /** Closes the innermost MARK and says where on the stack it was. */
  #mark(): number {
    const mark = this.#marks.pop();
    if (mark === undefined || mark > this.#size) throw damaged(this.#input.pos - 1, 'a MARK that is missing');
    return mark;
  }

  #tuple(size: number): void {
    const from = this.#size - size;
    if (from < 0) throw damaged(this.#input.pos - 1, 'an object that is missing');
    this.budget.spend(COST.list + size * COST.item);
    this.#stack[from] = this.#stack.slice(from, this.#size);
    this.#size = from + 1;
  }

  #append(from: number, at: number): void {
    const stack = this.#stack;
    const list = stack[from - 1];
    if (from < 1 || !Array.isArray(list)) throw damaged(at, 'an append to what is no list');
    this.budget.spend((list.length === 0 ? COST.firstItem : 0) + (this.#size - from) * COST.item);
    for (let i = from; i < this.#size; i++) list.push(stack[i]!);
    this.#size = from;
  }

  #dictBelow(from: number, at: number): PyDict {
    const dict = this.#stack[from - 1];
    if (from < 1 || !(dict instanceof PyDict)) throw damaged(at, 'an item set in what is no dict');
    return dict;
  }

  #setItems(dict: PyDict, from: number, at: number): void {
    const stack = this.#stack;
    const count = this.#size - from;
    if (count % 2 !== 0) throw damaged(at, 'a dict key without a value');
    this.budget.spend((dict.items.length === 0 ? COST.firstItem : 0) + count * COST.item);
    for (let i = from; i < this.#size; i += 2) {
      const key = stack[i]!;
      if (key === null || typeof key === 'object') throw damaged(at, 'a dict key that is neither a text nor a number');
      dict.items.push(key, stack[i + 1]!);
    }
    if (dict.items.length > 2 * MAX_KEYS) throw new PickleError(`has a dict of more than ${MAX_KEYS} keys: it is not read further`);
    this.#size = from;
  }

  #remember(index: number): void {
    if (index > this.#memo.length + MAX_MEMO_GAP)
      throw new PickleError(`remembers object ${index} after ${this.#memo.length}: no pickler does, it is refused`);
    this.budget.spend(COST.memo);
    this.#memo[index] = this.#top();
  }

  #recall(index: number): PyValue {
    const value = this.#memo[index];
    if (value === undefined) throw damaged(this.#input.pos - 1, `object ${index}, which was never remembered`);
    return value;
  }

  #global(module: string, name: string): PyGlobal {
    const known = this.options.globals.get(`${module}.${name}`);
    if (known === undefined) throw this.#refusal(module, name);
    return known;
  }

  #refusal(module: string, name: string): PickleError {
    return new PickleError(`asks for ${printable(`${module}.${name}`)}, which is not data: it is refused`);
  }
}

function isBuildable(value: PyValue): value is PyObject & Buildable {
  return value instanceof PyObject && 'build' in value;
}

/** Names from a file go into messages: short, and without control characters. */
function printable(name: string): string {
  const shown = name.replace(/[^\x20-\x7e]/g, '?');
  return shown.length > 120 ? `${shown.slice(0, 120)}…` : shown;
}

/** Opcodes that exist and are refused; what these files have stands in `Machine.run`. */
const REFUSED: Readonly<Record<number, string>> = {
  73: 'INT',
  76: 'LONG',
  70: 'FLOAT',
  83: 'STRING',
  84: 'BINSTRING',
  85: 'SHORT_BINSTRING',
  86: 'UNICODE',
  80: 'PERSID',
  103: 'GET',
  111: 'OBJ',
  112: 'PUT',
  129: 'NEWOBJ',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  143: 'EMPTY_SET',
  144: 'ADDITEMS',
  145: 'FROZENSET',
  146: 'NEWOBJ_EX',
  150: 'BYTEARRAY8',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

function opcodeName(op: number): string {
  return `opcode ${REFUSED[op] ?? `0x${op.toString(16).padStart(2, '0')}`}`;
}
