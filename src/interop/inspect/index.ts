export { EvalFile, evalFileName } from './evalFile';
export type { EvalHeader, EvalSample } from './format';
export type { LogOrigin } from './header';
export { evalSample, type SampleOrigin } from './sample';
