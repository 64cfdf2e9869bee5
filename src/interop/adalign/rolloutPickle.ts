import { numpyDtype, numpyScalar } from './numpyScalar';
import { readPickle } from './pickle';
import { type GlobalTable, PickleError, PyDict, PyGlobal, type PyValue } from './pickleData';
import { loadFromBytes, rebuildTensor } from './torchTensor';

/** Largest file that is read, bytes; a negotiation of the paper's games takes tens of kilobytes. */
export const MAX_FILE = 32 * 2 ** 20;

const orderedDict = new PyGlobal('collections.OrderedDict', (args, budget) => {
  if (args.length > 0) throw new PickleError('builds an OrderedDict in a way that these files never do: it is refused');
  budget.spend(160);
  return new PyDict();
});

/** All that a rollout file may name. */
const GLOBALS: GlobalTable = new Map<string, PyGlobal>([
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch.storage._load_from_bytes', loadFromBytes],
  ['collections.OrderedDict', orderedDict],
  ['numpy._core.multiarray.scalar', numpyScalar],
  ['numpy.core.multiarray.scalar', numpyScalar],
  ['numpy.dtype', numpyDtype],
]);

/**
 * The data of a rollout file (`mgid_*.rt.pkl`): dicts, lists, texts, numbers and tensors.
 * @throws PickleError
 */
export function readRolloutPickle(bytes: Uint8Array): PyValue {
  if (bytes.length > MAX_FILE) throw new PickleError(`is larger than ${MAX_FILE >> 20} MB: it is not read`);
  if (bytes.length === 0) throw new PickleError('is empty: wait until it is written, or copy it again');
  return readPickle(bytes, { globals: GLOBALS });
}
