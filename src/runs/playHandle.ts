import type { PlayAsk, PlayFile, PlayPosition, PlayRequests } from '../protocol/play';
import type { InferenceProcess, WorkOptions } from './inferenceProcess';

/** What a negotiation with a person begins with. */
export type SitParams = Omit<PlayRequests['sit'][0], 'job'>;

/** Whether a player is a model behind a chat endpoint. */
export function isChat(player: string): boolean {
  return player.startsWith('api:');
}

/** A person's side of a negotiation; the other side, and the rules, are in the inference process, which is kept meanwhile. */
export class PlayHandle {
  #position: PlayPosition;
  /** Lets the process go when it has nothing else to do; calling it again does nothing. */
  readonly release: () => void;

  private constructor(
    private readonly inference: InferenceProcess,
    position: PlayPosition,
  ) {
    this.#position = position;
    this.release = inference.hold();
    if (position.ask === null) this.release();
  }

  /** Begins a negotiation. @throws Error in one line */
  static async sit(inference: InferenceProcess, params: SitParams, options?: WorkOptions): Promise<PlayHandle> {
    return new PlayHandle(inference, await inference.perform('sit', params, options));
  }

  /** Goes on with the negotiation that a folder keeps. @throws Error in one line */
  static async takeUp(inference: InferenceProcess, folder: string, options?: WorkOptions): Promise<PlayHandle> {
    return new PlayHandle(inference, await inference.perform('takeUp', { folder }, options));
  }

  get folder(): string {
    return this.#position.folder;
  }

  get file(): PlayFile {
    return this.#position.file;
  }

  /** Whether an endpoint plays, which costs money and says nothing twice. */
  get chat(): boolean {
    return isChat(this.file.opponent.player);
  }

  /** The person's turn that is due; null once it has ended. */
  get ask(): PlayAsk | null {
    return this.#position.ask;
  }

  /** Takes the person's turn. @throws Error in one line; nothing is lost, and it can be said again or taken up */
  async say(text: string, options?: WorkOptions): Promise<void> {
    const { session } = this.#position;
    this.#position = await this.inference.perform('say', { session, text }, options);
    if (this.ask === null) this.release();
  }

  /** Frees what the other side holds; the negotiation can be taken up again, unless an endpoint plays. */
  async leave(): Promise<void> {
    this.release();
    await this.inference.perform('leave', { session: this.#position.session });
  }
}
