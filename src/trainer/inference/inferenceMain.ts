import { constants, setPriority } from 'node:os';
import { openOnnxEngine } from '../../engine/onnx/engine';
import { type Handlers, openChannel } from '../../protocol/channel';
import { INFERENCE_PROTOCOL, type InferenceSettings, type InferenceSide, inferenceRequests } from '../../protocol/inference';
import type { HostSide } from '../../protocol/trainer';
import { mediaFolder } from '../../runs/media';
import { firstIssue } from '../../runs/problem';
import { processTransport } from '../processTransport';
import { forkWork } from './branchWork';
import { cardWork, cosineWork } from './cardWork';
import { distributionWork } from './distributionWork';
import { EnginePool } from './enginePool';
import { evaluateWork } from './evaluateWork';
import { exportWork } from './exportWork';
import { importAdalignWork, inspectAdalignWork } from './importWork';
import { PlaySessions } from './play/playSessions';
import { sentPromptWork } from './sentPromptWork';
import type { Work } from './work';

const media = mediaFolder(__dirname);
const transport = processTransport();
const running = new Map<number, AbortController>();
let settings: InferenceSettings | undefined;
/** Work is done one piece after the other: engines have one caller, and cores are few. */
let queue: Promise<unknown> = Promise.resolve();

const engines = new EnginePool((model) => {
  const { threads, device, onnxruntimePath } = configured();
  return openOnnxEngine({ model, threads, device, spinning: false, ...(onnxruntimePath !== undefined && { onnxruntimePath }) });
});

const tables = new PlaySessions();

const channel = openChannel<InferenceSide, HostSide>(
  transport,
  INFERENCE_PROTOCOL,
  {
    configure: async (given) => {
      const before = settings;
      settings = given;
      const moved =
        before && (before.threads !== given.threads || before.device !== given.device || before.onnxruntimePath !== given.onnxruntimePath);
      if (moved) {
        queue = queue.then(() => engines.retire());
        await queue;
      }
      return null;
    },
    cancel: ({ job }) => {
      running.get(job)?.abort(new Error('called off'));
      return null;
    },
    evaluate: (params) => perform(params, evaluateWork),
    policyCard: (params) => perform(params, cardWork),
    updateCosine: (params) => perform(params, cosineWork),
    fork: (params) => perform(params, forkWork),
    distributions: (params) => perform(params, distributionWork),
    sentPrompt: (params) => perform(params, sentPromptWork),
    inspectAdalign: (params) => perform(params, inspectAdalignWork),
    importAdalign: (params) => perform(params, importAdalignWork),
    exportRuns: (params) => perform(params, exportWork),
    sit: (params) => perform(params, (given, work) => tables.sit(given, work)),
    takeUp: (params) => perform(params, (given, work) => tables.takeUp(given, work)),
    say: (params) => perform(params, (given, work) => tables.say(given, work)),
    leave: (params) => perform(params, (given) => tables.leave(given)),
  } satisfies Handlers<InferenceSide>,
  (_kind, name, payload) => {
    const schema = Object.hasOwn(inferenceRequests, name) ? inferenceRequests[name as keyof typeof inferenceRequests] : undefined;
    if (schema === undefined) return payload;
    const parsed = schema.safeParse(payload);
    if (!parsed.success) throw new Error(firstIssue(parsed.error));
    return parsed.data;
  },
);

// Training goes first: whoever waits for an answer can wait a little longer.
try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not everywhere may a process lower its own priority; it works all the same.
}
// Ctrl-C in a terminal reaches the whole process group; the host decides what it means.
process.on('SIGINT', () => undefined);
void channel.closed.then(() => process.exit(0));

function configured(): InferenceSettings {
  if (settings === undefined) throw new Error('the inference process was not told what to compute on');
  return settings;
}

/** Queues a piece of work, and tells how far it is. */
function perform<P extends { readonly job: number }, R>(params: P, act: (params: P, work: Work) => Promise<R>): Promise<R> {
  const { job } = params;
  const stop = new AbortController();
  running.set(job, stop);
  const done = queue.then(() => {
    stop.signal.throwIfAborted();
    return act(params, {
      settings: configured(),
      media,
      signal: stop.signal,
      openEngine: (model) => engines.lease(model),
      progress: (part, of, line) => channel.send('jobProgress', { job, done: part, of, line }),
    });
  });
  queue = done.catch(() => undefined).finally(() => running.delete(job));
  return done;
}
