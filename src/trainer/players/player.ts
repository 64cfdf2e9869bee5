import type { GameSettings } from '../../domain/games/game';
import type { ScriptedPlayer } from '../../domain/players';
import type { ChatClient } from '../../engine/chat-api/client';
import type { Engine, Policy } from '../../engine/engine';
import type { RunConfig } from '../../protocol/runConfig';
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
  /** Whether its KL to the base model is of the full or of the masked distributions, as in its training; full unless given. */
  readonly klOver?: RunConfig['klOver'];
  /** SHA-256 over the files that were loaded over the base model; absent for the base model itself, and where nobody asks. */
  readonly weights?: string;
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
