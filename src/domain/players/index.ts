export type { ScriptedPlayer } from './player';
export { PRETRAINING_MIXES, type PretrainingMix, pretrainingPlayer, sharingMix } from './pretraining';
export { type ScriptedPlayers, scriptedPlayers } from './registry';
