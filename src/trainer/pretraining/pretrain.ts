import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GameId } from '../../domain/games/game';
import { SPECIAL_WORDS, VOCABULARY } from '../../domain/games/vocabulary';
import { random } from '../../domain/random';
import { CROSS_ENTROPY } from '../../engine/crossEntropy';
import { openOnnxEngine } from '../../engine/onnx/engine';
import { writeFreshModel } from '../../engine/onnx/model/initialise';
import { learningRate, type Pretraining, stageLessons } from './schedule';
import { transcripts } from './transcripts';

/** What decides an embedded policy, besides its schedule. */
export interface PretrainingSettings {
  readonly seed: number;
  readonly threads: number;
  /** Hears of progress, in lines. */
  readonly say: (line: string) => void;
}

/** Sizes of the embedded policy; `docs/embedded-policy.md` says why no larger. */
export const SHAPE = { hiddenSize: 64, layers: 2, heads: 4, intermediateSize: 128, maxPositions: 512 };

/** Pretrains a fresh policy on transcripts of scripted players and saves it, a Hugging Face folder, into `folder`. */
export async function pretrain(folder: string, { vocabulary, stages }: Pretraining, settings: PretrainingSettings): Promise<void> {
  const fresh = await mkdtemp(join(tmpdir(), 'parley-fresh-'));
  try {
    const words = VOCABULARY.slice(0, vocabulary).filter((word) => !(SPECIAL_WORDS as readonly string[]).includes(word));
    await writeFreshModel(fresh, { ...SHAPE, words, seed: settings.seed, attendsWhole: true });
    const engine = await openOnnxEngine({ model: fresh, threads: settings.threads, device: 'cpu' });
    const learner = await engine.createLearner(
      { kind: 'full' },
      { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
    );
    for (const stage of stages) {
      const playing = stageLessons(stage);
      for (let step = 1; step <= stage.steps; step++) {
        const draws = random(settings.seed, 'pretraining', stage.name, step);
        const batches = await Promise.all(playing.map(([game, lessons]) => transcripts(game, lessons, engine.tokenizer, draws.fork(game))));
        const { loss, gradNorm, tokens } = await engine.train(batches.flat(), CROSS_ENTROPY, learningRate(stage, step));
        if (step % 60 === 0 || step === 1) {
          settings.say(
            `${stage.name} ${step}/${stage.steps} loss ${loss.toFixed(4)} grad ${gradNorm.toFixed(2)} ${perGame(playing, batches, tokens)}`,
          );
        }
      }
    }
    await engine.savePolicy(learner, folder);
    await engine.dispose();
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Mean cross-entropy of each game, nats a token. */
function perGame(
  playing: readonly (readonly [GameId, unknown])[],
  batches: readonly { readonly length: number }[],
  tokens: readonly { readonly logProbs: Float32Array }[],
): string {
  let from = 0;
  return playing
    .map(([game], i) => {
      const own = tokens.slice(from, from + batches[i]!.length);
      from += batches[i]!.length;
      const sum = own.reduce((total, { logProbs }) => total + logProbs.reduce((s, x) => s + x, 0), 0);
      const count = own.reduce((total, { logProbs }) => total + logProbs.length, 0);
      return `${game} ${(-sum / count).toFixed(3)}`;
    })
    .join(' ');
}
