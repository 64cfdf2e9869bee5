export { KEPT_RANGES, type KeptReading, keptByAttitude } from './kept';
export { type NegotiationHeading, negotiationText } from './negotiationText';
export { type ProbeNegotiation, probeNegotiations } from './probeNegotiations';
export {
  ATTITUDES,
  type Attitude,
  type AttitudeTranscript,
  attitudeTranscripts,
  choiceTranscripts,
  PROBE_SEED,
  type ProbeTranscript,
  type SpokenTurn,
} from './probeTranscripts';
