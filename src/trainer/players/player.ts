import type { GameSettings } from '../../domain/games/game';
import type { ScriptedPlayer } from '../../domain/players';
import type { ChatClient } from '../../engine/chat-api/client';
import type { Engine, Policy } from '../../engine/engine';
import type { SpeechSettings } from '../seats';

/** Somebody who can take a seat, ready to play. Equal players are one object, so that their turns are answered together. */
export type Player = PolicyPlayer | ScriptedSeatPlayer | ChatSeatPlayer;

/** A set of weights on an engine. */
export interface PolicyPlayer {
  readonly kind: 'policy';
  readonly name: string;
  /** The game as its prompts tell it. */
  readonly settings: GameSettings;
  readonly engine: Engine;
  readonly policy: Policy;
  readonly speech: SpeechSettings;
}

/** A player that needs no model; it reads no prompts, so it has no settings of its own. */
export interface ScriptedSeatPlayer {
  readonly kind: 'scripted';
  readonly name: string;
  readonly player: ScriptedPlayer;
}

/** A model behind a chat endpoint. */
export interface ChatSeatPlayer {
  readonly kind: 'chat';
  readonly name: string;
  readonly settings: GameSettings;
  readonly client: ChatClient;
  /** Times that an action which does not parse is asked for again. */
  readonly retries: number;
}
