import { games } from '../domain/games';
import { random } from '../domain/random';
import { SEATS, type Seat } from '../domain/seat';
import type { Tokenizer } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { constraintBinder } from './tokenConstraints';

/**
 * About how many tokens a seat's transcript of one negotiation takes: a negotiation of the longest answers and
 * silent, but counted, messages. It depends on nothing but the configuration.
 */
export function transcriptCapacity(config: Pick<RunConfig, 'game' | 'gameSettings' | 'seed'>, tokenizer: Tokenizer): number {
  const bind = constraintBinder(tokenizer);
  const lengths = [0, 0];
  const spoken = [false, false];
  const add = (seat: Seat, tokens: number): void => {
    lengths[seat]! += tokens;
  };
  let position = games[config.game].start(config.gameSettings, random(config.seed, 'capacity'));
  while (position.requests.length > 0) {
    const texts = position.requests.map(({ seat, kind, observation, constraint }) => {
      const { longest } = bind(constraint);
      add(seat, tokenizer.observe(observation, { first: !spoken[seat], kind }).length + longest);
      if (kind === 'message') add(seat === 0 ? 1 : 0, longest);
      spoken[seat] = true;
      return constraint.kind === 'choice' ? constraint.choices.reduce((a, b) => (b.length > a.length ? b : a), '') : '';
    });
    position = position.advance(texts);
  }
  return Math.max(...SEATS.map((seat) => lengths[seat]!));
}
