import { random } from '../../domain/random';
import type { InferenceRequests } from '../../protocol/inference';
import { parleyVersion } from '../environment';
import { evaluate } from '../evaluate/evaluate';
import { readLineup } from '../evaluate/lineup';
import { openPlayers, sharedRules } from '../players/openPlayers';
import type { Work } from './work';

/** Negotiations that are played at the same time, at most. */
const BATCH = 512;

/** Plays a match-up matrix into a folder. @throws PlayerError for a player that is none, and what players throw. */
export async function evaluateWork(
  { game, players, negotiations, seed, rules, out }: InferenceRequests['evaluate'][0],
  work: Work,
): Promise<InferenceRequests['evaluate'][1]> {
  const { settings, media, signal } = work;
  const { specs, sides } = await readLineup(players, { game, apis: settings.apis, cwd: process.cwd() });
  const given = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
  const shared = sharedRules(game, specs, given);
  const opened = await openPlayers(specs, {
    game,
    rules: shared,
    media,
    openEngine: (model) => work.openEngine(model),
    keyOf: (name) => settings.keys[name],
    random: random(seed, 'players'),
  });
  try {
    return await evaluate({
      game,
      players: opened.players,
      sides,
      rules: shared,
      seed,
      negotiations,
      batch: BATCH,
      signal,
      parley: parleyVersion(media),
      created: new Date().toISOString(),
      asked: { players, rules: given },
      out,
      onMatchup: (_, done, of) => work.progress(done, of, `${done} of ${of} pairs of players have met`),
    });
  } finally {
    await opened.dispose();
  }
}
