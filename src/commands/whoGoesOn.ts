import { scriptedPlayers } from '../domain/players/index';
import { AGENT_NAMES, type Seat } from '../domain/seat';
import { lineText } from '../domain/tokens/visibleText';
import type { NegotiationView } from '../protocol/webview';
import type { OpenRun } from '../runs/openRun';
import { seatThen } from '../runs/seatThen';
import type { Services } from './services';
import type { Choice } from './steps';

/** What stands for whoever had the seat before. */
export const AS_BEFORE = '';

/** Whom a seat can be given to from a turn on: who had it, checkpoints of open runs of the game, scripted players, endpoints. */
export function whoGoesOn(
  { store }: Services,
  run: OpenRun,
  negotiation: NegotiationView,
  seat: Seat,
  endpoints: readonly string[],
): Choice[] {
  const { file } = run;
  if (file === null) return [];
  const partner = store.get(file.pairedWith ?? '');
  const runs = [...new Set([run, ...(partner === undefined ? [] : [partner]), ...store.runs])];
  const checkpoints = runs
    .filter((each) => each.file?.config.game === file.config.game)
    .flatMap((each) => checkpointChoices(each, each === run ? '' : each === partner ? ' · the paired run' : ''));
  const game = file.config.game;
  return [
    before(run, negotiation, seat),
    ...checkpoints,
    ...scriptedPlayers(game).names.map((name) => given(`scripted:${name}`, name, 'scripted')),
    ...endpoints.map((name) => given(`api:${name}`, name, 'endpoint')),
  ].filter((choice) => choice !== null);
}

function before({ file, folder }: OpenRun, { place, players }: NegotiationView, seat: Seat): Choice | null {
  const then =
    file === null ? null : seatThen(folder.path, file, folder.iterations, { player: players[seat], iteration: place.iteration ?? 0 });
  if (then === null) return null;
  const stand = then.checkpoint === undefined ? lineText(players[seat]) : `checkpoint ${then.checkpoint}`;
  return {
    label: 'As before',
    description: stand,
    ...(then.isExact
      ? {}
      : { detail: `The policy of iteration ${place.iteration} was not kept: the newest checkpoint before it stands in` }),
    pick: () => AS_BEFORE,
  };
}

function checkpointChoices({ folder, name }: OpenRun, what: string): Choice[] {
  return folder.iterations
    .flatMap(({ iteration, checkpoint }) => (checkpoint === undefined ? [] : [iteration]))
    .reverse()
    .map((iteration) =>
      given(
        `${folder.path}@${iteration}`,
        `${lineText(name)}, checkpoint ${iteration}`,
        iteration === 0 ? `before training${what}` : what.replace(' · ', ''),
      ),
    );
}

function given(player: string, label: string, description: string): Choice {
  return { label, ...(description === '' ? {} : { description }), pick: () => player };
}

/** What a seat's question asks. */
export function whoQuestion(seat: Seat, isFirst: boolean): { readonly title: string; readonly placeholder: string } {
  const name = AGENT_NAMES[seat];
  return isFirst
    ? { title: name, placeholder: `Whose turn it is: who goes on as ${name}?` }
    : { title: name, placeholder: `And as ${name}?` };
}
