import { AGENT_NAMES, type Seat } from '../domain/seat';
import { branchAt } from '../protocol/branches';
import { PERSON } from '../protocol/play';
import type { NegotiationView } from '../protocol/webview';
import type { OpenRun } from '../runs/openRun';
import { seatThen } from '../runs/seatThen';
import { plainWords } from '../views/plainWords';
import { playerChoices } from './playerChoices';
import type { Services } from './services';
import type { Choice } from './steps';
import type { TurnTarget } from './turnTarget';

/**
 * Whom a seat can be given to from a turn on: who had it, the reader, and everybody who can play the game. A person sits once, and
 * against nobody who may answer otherwise when asked again. Answers are players as JSON, null as before.
 * @param beside who got the other seat; null for nobody yet, or whoever had it
 */
export function whoGoesOn(
  services: Services,
  { run, negotiation, turn }: Pick<TurnTarget, 'run' | 'negotiation' | 'turn'>,
  seat: Seat,
  beside: string | null,
): Choice[] {
  const { file } = run;
  if (file === null) return [];
  const left = negotiation.branch && branchAt(negotiation.branch, turn.turn);
  const before = left ? asInBranch(left.players[seat].name) : asBefore(run, negotiation, seat);
  const you: Choice = { label: 'You', description: 'turn by turn', pick: () => JSON.stringify(PERSON) };
  const others = playerChoices(services, file.config.game, false);
  const isEndpoint = (name: string): boolean => name.startsWith('api:');
  return [
    ...(before === null ? [] : [before]),
    ...(beside === PERSON || (beside !== null && isEndpoint(beside)) ? [] : [you]),
    ...(beside === PERSON ? others.filter(({ label }) => !isEndpoint(label) && label !== 'Chat endpoints') : others),
  ];
}

/** Who went on in the branch that is left; a person is asked for as one. */
function asInBranch(name: string): Choice | null {
  return name === PERSON ? null : { label: 'As before', description: plainWords(name), pick: () => JSON.stringify(null) };
}

function asBefore({ file, folder }: OpenRun, { place, players }: NegotiationView, seat: Seat): Choice | null {
  const { iteration = 0 } = place;
  const then = file === null ? null : seatThen(folder.path, file, folder.iterations, { player: players[seat], iteration });
  if (then === null) return null;
  const stand = then.checkpoint === undefined ? plainWords(players[seat]) : `checkpoint ${then.checkpoint}`;
  const detail = `The policy of iteration ${iteration} was not kept: the newest checkpoint before it stands in`;
  return { label: 'As before', description: stand, ...(then.isExact ? {} : { detail }), pick: () => JSON.stringify(null) };
}

/** What a seat's question asks. */
export function whoQuestion(seat: Seat, isFirst: boolean): { readonly title: string; readonly placeholder: string } {
  const name = AGENT_NAMES[seat];
  return { title: name, placeholder: isFirst ? `Whose turn it is: who goes on as ${name}?` : `And as ${name}?` };
}
