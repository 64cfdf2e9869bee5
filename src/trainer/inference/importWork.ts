import type { GameId } from '../../domain/games/game';
import { findIterations, isAdAlignFolder, listIteration, proposeSettings, readIteration } from '../../interop/adalign';
import type { InferenceRequests } from '../../protocol/inference';
import { parleyVersion } from '../environment';
import { ImportError, importRun } from '../imports/importRun';
import type { Work } from './work';

/** Iterations that are looked at for what game they are of. */
const LOOKED_AT = 5;

/** Says what can be imported from a folder. @throws ImportError */
export async function inspectAdalignWork({
  folder,
}: Pick<InferenceRequests['inspectAdalign'][0], 'folder'>): Promise<InferenceRequests['inspectAdalign'][1]> {
  if (!(await isAdAlignFolder(folder))) {
    throw new ImportError(`${folder} is no run of AdAlignLLM: there is no seed_*/iteration_*/mgid_*.rt.pkl in it`);
  }
  const { iterations } = await findIterations(folder);
  let game: GameId | undefined;
  const any = await proposeSettings(folder, undefined);
  for (const iteration of iterations.slice(0, LOOKED_AT)) {
    game = (await readIteration(iteration, await listIteration(iteration), any.settings)).game;
    if (game !== undefined) break;
  }
  const { settings, found } = await proposeSettings(folder, game);
  return { seeds: [...new Set(iterations.map(({ seed }) => seed))], game: game ?? null, settings, found };
}

/** Adds to an imported run what its folder gained. @throws ImportError, WriteError */
export async function importAdalignWork(
  { from, settings, out }: InferenceRequests['importAdalign'][0],
  { signal, media, progress }: Work,
): Promise<InferenceRequests['importAdalign'][1]> {
  return importRun({
    ...{ from, settings, out, signal },
    parley: parleyVersion(media),
    onIteration: (done, of, iteration) => progress(done, of, `iteration ${iteration}, ${done} of ${of}`),
  });
}
