export type { ScriptedPlayer } from './player';
export { BROAD_SHARES, PRETRAINING_MIXES, type PretrainingMix, pretrainingPlayer, sharingMix } from './pretraining';
export { type ScriptedPlayers, scriptedPlayers } from './registry';
