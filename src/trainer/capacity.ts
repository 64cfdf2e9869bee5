import { games } from '../domain/games';
import { random } from '../domain/random';
import { SEATS, type Seat } from '../domain/seat';
import type { Tokenizer } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { constraintBinder } from './tokenConstraints';

type Rules = Pick<RunConfig, 'game' | 'gameSettings' | 'seed'>;

/** What was computed before, by what it depends on: a table of seats asks for it at every iteration. */
const known = new WeakMap<Tokenizer, Map<string, number>>();

/**
 * About how many tokens a seat's transcript of one negotiation takes: a negotiation of the longest answers and
 * silent, but counted, messages. It depends on nothing but the configuration.
 */
export function transcriptCapacity(config: Rules, tokenizer: Tokenizer): number {
  const { game, gameSettings, seed } = config;
  const key = JSON.stringify([game, gameSettings, seed]);
  const capacities = known.get(tokenizer) ?? new Map<string, number>();
  known.set(tokenizer, capacities);
  const capacity = capacities.get(key) ?? longestTranscript(config, tokenizer);
  capacities.set(key, capacity);
  return capacity;
}

function longestTranscript(config: Rules, tokenizer: Tokenizer): number {
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
