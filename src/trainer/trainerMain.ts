import { openChannel } from '../protocol/channel';
import { type Ended, type HostSide, TRAINER_PROTOCOL, type TrainerSide, type TrainParams, trainParams } from '../protocol/trainer';
import { mediaFolder } from '../runs/media';
import { firstIssue, messageOf } from '../runs/problem';
import { runEnvironment } from './environment';
import { processTransport } from './processTransport';
import { trainRun } from './run';

const transport = processTransport();
const stopping = new AbortController();
let params: TrainParams | undefined;

const channel = openChannel<TrainerSide, HostSide>(
  transport,
  TRAINER_PROTOCOL,
  {
    train: (given) => begin(given),
    stop: () => {
      stopping.abort();
      return null;
    },
  },
  (_kind, name, payload) => {
    if (name !== 'train') return payload;
    const parsed = trainParams.safeParse(payload);
    if (!parsed.success) throw new Error(firstIssue(parsed.error));
    return parsed.data;
  },
);

// Ctrl-C in a terminal reaches the whole process group; whoever started us decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => stopping.abort());
void channel.closed.then(() => {
  if (params?.keepTraining !== true) stopping.abort();
  // Nothing was ever asked of us, and nobody is left to ask.
  if (params === undefined) process.exit(0);
});

function begin(given: TrainParams): Promise<{ readonly device: string }> {
  if (params !== undefined) throw new Error('this process trains a run already');
  params = given;
  return new Promise((resolve, reject) => {
    void train(given, resolve)
      .catch((error: unknown): Ended => {
        const message = messageOf(error);
        console.error(error instanceof Error ? (error.stack ?? message) : message);
        reject(new Error(message));
        return { how: 'failed', message };
      })
      .then(async (ended) => {
        channel.send('ended', ended);
        await transport.flushed();
        process.exit(ended.how === 'failed' ? 1 : 0);
      });
  });
}

async function train(given: TrainParams, ready: (started: { readonly device: string }) => void): Promise<Ended> {
  const environment = runEnvironment(mediaFolder(__dirname), stopping.signal, (turns) => channel.send('preview', turns));
  const run = trainRun(given, environment);
  for (;;) {
    const { done, value } = await run.next();
    if (done) {
      // A run that was finished before, or stopped while its model loaded, was never ready.
      ready({ device: '' });
      return value;
    }
    switch (value.type) {
      case 'progress':
        channel.send('progress', value.progress);
        break;
      case 'ready':
        ready({ device: value.run.device });
        break;
      case 'committed':
        channel.send('committed', { iteration: value.line.iteration });
        break;
      case 'log':
        channel.send('log', { level: value.level, line: value.line });
        break;
    }
  }
}
