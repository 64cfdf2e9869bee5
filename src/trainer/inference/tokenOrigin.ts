import { type Pair, SEATS, type Seat } from '../../domain/seat';
import { branchAt } from '../../protocol/branches';
import type { TurnRow } from '../../protocol/rollouts';
import { policyFolder } from '../environment';
import { findPolicy } from '../players/policySource';
import type { History } from './history';

/** Tells whether a turn's tokens are of its run's base model. */
export type TokenOrigin = (row: Pick<TurnRow, 'turn' | 'seat'>) => boolean;

/** Looks up whose tokens a negotiation has on record. In a branch, anybody may have gone on, with tokens of another model or none. */
export async function tokenOrigin(
  { run, branch, folder }: Pick<History, 'run' | 'branch' | 'folder'>,
  media: string,
): Promise<TokenOrigin> {
  if (branch === undefined) return () => true;
  const { config } = run;
  const isOurs = async (player: string): Promise<boolean> => {
    const source = await findPolicy(player, folder);
    if (source === null) return false;
    return policyFolder(media, { policy: source.model, game: source.run?.config.game ?? config.game }) === policyFolder(media, config);
  };
  const ours = new Map<number, Pair<boolean>>();
  for (const each of [...(branch.after ?? []), branch]) {
    const [alice, bob] = await Promise.all(SEATS.map((seat) => isOurs(each.players[seat].player)));
    ours.set(each.branch, [alice === true, bob === true]);
  }
  return ({ turn, seat }) => {
    const said = branchAt(branch, turn);
    return said === undefined || ours.get(said.branch)?.[seat as Seat] === true;
  };
}
