/** A player that nobody can make sense of; the message is one line that names what it could have meant. */
export class PlayerError extends Error {
  override readonly name = 'PlayerError';
}
