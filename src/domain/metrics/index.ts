export { type BootstrapSettings, bootstrapInterval, type Interval, overSeeds, quantile } from './interval';
export { meanValidMass, measure, NO_TOKENS, type TokenStats } from './measures';
export { cooperateAfterProbe, type ForcedRound, PROBE_NEGOTIATIONS, type ProbeAnswer, type ProbeTurn, planProbe } from './probe';
