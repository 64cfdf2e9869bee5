import { type Buildable, PickleError, PyBytes, PyGlobal, PyObject, type PyValue } from './pickleData';

/** A numpy dtype; its BUILD state says the byte order. */
class Dtype extends PyObject implements Buildable {
  #little = true;

  constructor(readonly code: string) {
    super();
  }

  get littleEndian(): boolean {
    return this.#little;
  }

  /** `(version, byte order, …)` */
  build(state: PyValue): void {
    if (!Array.isArray(state)) throw new PickleError('has a numpy dtype with a state that is not its own');
    const order = state[1];
    if (order !== '<' && order !== '|' && order !== '>' && order !== '=') {
      throw new PickleError('has a numpy dtype with a state that is not its own');
    }
    this.#little = order !== '>';
  }
}

/** `numpy.dtype(code, align, copy)`, for numbers, truth values and text. */
export const numpyDtype = new PyGlobal('numpy.dtype', ([code], budget) => {
  if (typeof code !== 'string' || !/^[<>|=]?([fiu][1248]|b1|U\d{1,5})$/.test(code)) {
    const named = typeof code === 'string' ? ` ${code.replace(/[^\x20-\x7e]/g, '?').slice(0, 20)}` : '';
    throw new PickleError(`has a numpy dtype${named} that is neither a number nor a text: it is refused`);
  }
  budget.spend(120);
  return new Dtype(code.replace(/^[<>|=]/, ''));
});

/** `numpy._core.multiarray.scalar(dtype, bytes)`: one number or text. */
export const numpyScalar = new PyGlobal('numpy._core.multiarray.scalar', ([dtype, data], budget) => {
  if (!(dtype instanceof Dtype) || !(data instanceof PyBytes)) throw new PickleError('has a numpy scalar without dtype or bytes');
  budget.spend(32 + data.end - data.start);
  return scalar(dtype, data);
});

function scalar({ code, littleEndian }: Dtype, { source, start, end }: PyBytes): PyValue {
  const kind = code[0]!;
  const size = Number(code.slice(1));
  const length = end - start;
  if (length !== (kind === 'U' ? 4 * size : size)) throw new PickleError(`has a numpy scalar ${code} of ${length} bytes`);
  const view = new DataView(source.buffer, source.byteOffset + start, length);
  if (kind === 'U') return text(view, littleEndian);
  if (kind === 'b') return view.getUint8(0) !== 0;
  switch (`${kind}${size}`) {
    case 'f8':
      return view.getFloat64(0, littleEndian);
    case 'f4':
      return view.getFloat32(0, littleEndian);
    case 'i1':
      return view.getInt8(0);
    case 'i2':
      return view.getInt16(0, littleEndian);
    case 'i4':
      return view.getInt32(0, littleEndian);
    case 'i8':
      return plain(view.getBigInt64(0, littleEndian));
    case 'u1':
      return view.getUint8(0);
    case 'u2':
      return view.getUint16(0, littleEndian);
    case 'u4':
      return view.getUint32(0, littleEndian);
    case 'u8':
      return plain(view.getBigUint64(0, littleEndian));
    default:
      throw new PickleError(`has a numpy scalar ${code}, which is not read`);
  }
}

function plain(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** UCS-4, padded with zeros. */
function text(view: DataView, littleEndian: boolean): string {
  let result = '';
  for (let at = 0; at < view.byteLength; at += 4) {
    const code = view.getUint32(at, littleEndian);
    if (code === 0) break;
    if (code > 0x10ffff) throw new PickleError('has a numpy text that is no Unicode');
    result += String.fromCodePoint(code);
  }
  return result;
}
