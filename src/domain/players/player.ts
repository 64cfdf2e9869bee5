import type { TurnRequest } from '../games/game';
import type { Random } from '../random';

/**
 * A player that needs no model. Its reply is a pure function of what its seat was shown (`request.view` and what it
 * is asked for) and of the numbers it draws; it has no memory of its own, so that it can take over at any turn.
 */
export interface ScriptedPlayer {
  /** As it is called in settings and files, with its parameter: `random(0.7)`. */
  readonly name: string;
  reply(request: TurnRequest, random: Random): string;
}
