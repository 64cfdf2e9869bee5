import { attitudeTranscripts, choiceTranscripts, keptByAttitude, PROBE_SEED, type ProbeTranscript } from '../../domain/probes';
import { random } from '../../domain/random';
import { openWeightUpdate, updateNorms } from '../../engine/onnx/weightUpdate';
import { CARD_FORMAT, type PolicyCard } from '../../protocol/policyCards';
import type { RunConfig } from '../../protocol/runConfig';
import type { IterationLine } from '../../protocol/runFiles';
import { transcriptCapacity } from '../capacity';
import { measurePolicy } from '../measure';
import type { PolicyPlayer } from '../players/player';
import { answerProbes } from './answerProbes';
import { type CardContent, cardText } from './cardText';
import { type Fact, gameFacts, trainingFacts } from './configFacts';
import { playProbes } from './playProbes';

/** A policy that a card is made of. */
export interface CardSource {
  readonly player: PolicyPlayer;
  /** What the policy plays; its seed and its training decide nothing about the probes. */
  readonly config: RunConfig;
  /** Where the weights come from; null where no run tells. The base model has iteration null and no line. */
  readonly run: { readonly iteration: number | null; readonly line: IterationLine | undefined } | null;
  /** The folder with the weights; null: the base model. */
  readonly checkpoint: string | null;
  /** The base model, as people name it. */
  readonly model: string;
}

/** What is told of how far a card is, and what calls it off. */
export interface CardProgress {
  readonly signal?: AbortSignal;
  progress(done: number, of: number, line: string): void;
}

/** Negotiations of self-play, of the on-policy probe, and deals of each probed situation. */
const NEGOTIATIONS = 64;
const DEALS = 16;

/** Deals of a sharing game whose answers stand in the card, and those whose messages do, all from the first seat. */
const ANSWERED_DEALS = 4;
const SPOKEN_DEALS = 2;

/** Draws of each answer in the card, and of each that is counted. */
const DRAWS = 4;
const COUNTED_DRAWS = 8;

/** Steps that progress counts: self-play, probes, negotiations, weights. */
const STEPS = 4;

/** Makes a policy's card: the same policy on the same device makes the same bytes. @throws what the engine throws; the signal's reason. */
export async function policyCardOf(source: CardSource, { signal, progress }: CardProgress): Promise<PolicyCard> {
  const { player, checkpoint, run } = source;
  const { engine, policy } = player;
  const config: RunConfig = { ...source.config, gameSettings: player.settings, ...player.speech, seed: PROBE_SEED };
  const watched = signal ? { signal } : {};

  progress(0, STEPS, 'plays itself');
  const capacity = transcriptCapacity(config, engine.tokenizer);
  const measures = await measurePolicy({ engine, config, policy, capacity, negotiations: NEGOTIATIONS, ...watched });
  progress(1, STEPS, 'answers the probe transcripts');
  const { kept, answers } = await probe(config, player, signal);
  progress(2, STEPS, 'plays the probe negotiations');
  const negotiations = await playProbes(config.game, player, signal);
  signal?.throwIfAborted();
  progress(3, STEPS, 'the norms of its weights');
  const norms = checkpoint === null ? null : updateNorms(await openWeightUpdate(checkpoint, engine.info.model));

  const content: CardContent = {
    identity: identityOf(source),
    game: gameFacts(config),
    config: run === null || run.iteration === null ? [] : trainingFacts(source.config),
    training: run?.line ?? {},
    measures,
    negotiations: NEGOTIATIONS,
    kept,
    answers,
    norms,
  };
  progress(STEPS, STEPS, 'done');
  return { format: CARD_FORMAT, text: cardText(content), negotiations };
}

async function probe(
  config: RunConfig,
  player: PolicyPlayer,
  signal: AbortSignal | undefined,
): Promise<Pick<CardContent, 'kept' | 'answers'>> {
  const { game, gameSettings, temperature } = config;
  const ask = (probes: readonly ProbeTranscript[], draws: number, purpose: string) =>
    answerProbes({
      engine: player.engine,
      policy: player.policy,
      probes,
      temperature,
      draws,
      uniforms: random(PROBE_SEED, purpose),
      ...(signal && { signal }),
    });
  if (game === 'ipd')
    return { kept: [], answers: await answered(choiceTranscripts(gameSettings), (probes) => ask(probes, DRAWS, 'card answer')) };
  const counted = attitudeTranscripts(game, gameSettings, DEALS, 'action');
  const texts = await ask(counted, COUNTED_DRAWS, 'card kept');
  const shown = [
    ...attitudeTranscripts(game, gameSettings, SPOKEN_DEALS, 'message'),
    ...attitudeTranscripts(game, gameSettings, ANSWERED_DEALS, 'action'),
  ].filter(({ seat }) => seat === 0);
  return {
    kept: keptByAttitude(
      counted,
      texts.map(({ sampled }) => sampled),
    ),
    answers: await answered(shown, (probes) => ask(probes, DRAWS, 'card answer')),
  };
}

async function answered(
  probes: readonly ProbeTranscript[],
  ask: (probes: readonly ProbeTranscript[]) => ReturnType<typeof answerProbes>,
): Promise<CardContent['answers']> {
  const answers = await ask(probes);
  return probes.map(({ name, request }, i) => ({ name, kind: request.kind, ...answers[i]! }));
}

function identityOf({ player, config, run, checkpoint, model }: CardSource): Fact[] {
  const { modelHash, parameters } = player.engine.info;
  return [
    ['policy', checkpoint === null ? 'the base model' : run ? `trained by ${config.algorithm}` : 'a checkpoint of no run'],
    ['iteration', run === null || run.iteration === null ? 'none' : String(run.iteration)],
    ['base model', model.split(/[/\\]+/).findLast((part) => part !== '') ?? model],
    ['base model parameters', String(parameters)],
    ['base model SHA-256', modelHash],
  ];
}
