import { KEPT_RANGES, type KeptReading } from '../../domain/probes';
import { lineText } from '../../domain/tokens/visibleText';
import type { UpdateCosines, UpdateNorms } from '../../engine/onnx/weightUpdate';
import type { IterationLine, MeasuresFile } from '../../protocol/runFiles';
import type { ProbeAnswers } from './answerProbes';
import type { Fact } from './configFacts';

/** Everything that a card says. */
export interface CardContent {
  /** What the policy is: iteration, base model. */
  readonly identity: readonly Fact[];
  /** See `gameFacts`. */
  readonly game: readonly Fact[];
  /** See `trainingFacts`; empty where nothing was trained, or no run says how. */
  readonly config: readonly Fact[];
  /** What the journal says of the iteration that the checkpoint is of. */
  readonly training: Pick<IterationLine, 'measures' | 'training'>;
  /** Of the policy against itself on the probes' own seeds. */
  readonly measures: MeasuresFile;
  readonly negotiations: number;
  readonly kept: readonly KeptReading[];
  readonly answers: readonly (ProbeAnswers & { readonly name: string; readonly kind: 'message' | 'action' })[];
  /** Null: the base model, which adds nothing to itself. */
  readonly norms: UpdateNorms | null;
}

/** Columns of a fact's name, unless a section has longer ones. */
const NAME = 28;

const NONE = 'none';

/** Numbers that count something. */
const COUNTS = new Set(['retries', 'sequences', 'sampledTokens', 'trainedTokens']);

/**
 * A policy card as text: one fact a line in a fixed order, numbers with fixed decimals, so that two cards diff line by line. It
 * holds no names, paths or times: the same content makes the same text.
 */
export function cardText(card: CardContent): string {
  const { game, config, training, norms } = card;
  const { cooperateAfter, ...measures } = card.measures;
  const sections: string[][] = [
    section('Policy card', card.identity),
    section('Game', game),
    section('Training configuration', config),
    section('Training measures of this iteration', measureFacts(training.measures)),
    section('Optimizer step of this iteration', numberFacts(training.training)),
    ...(cooperateAfter ? [section('P(A) on-policy, by last round: own, other’s', numberFacts(cooperateAfter))] : []),
    ...(card.kept.length > 0 ? [keptSection(card.kept)] : []),
    section(`Against itself, ${card.negotiations} fresh negotiations`, measureFacts(measures)),
    section('Answers to probe transcripts', card.answers.flatMap(answerFacts)),
    ...(norms === null ? [section('Weights: Frobenius norm of the update ΔW', [['update', 'none: the base model']])] : normSections(norms)),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The section of a card about the cosine between its update and another's; a text where there is no cosine to tell. */
export function cosineText(cosines: UpdateCosines | string): string {
  const facts: Fact[] =
    typeof cosines === 'string'
      ? [['cosine', cosines]]
      : [['all', cosine(cosines.all)], ...cosines.modules.map(({ name, value }): Fact => [name, cosine(value)])];
  return `${section('Cosine between the two updates ΔW that are compared', facts).join('\n')}\n`;
}

function section(title: string, facts: readonly Fact[]): string[] {
  const names = facts.map(([name]) => lineText(name));
  const width = Math.max(NAME, ...names.map((name) => name.length));
  const lines = facts.length === 0 ? [NONE] : facts.map(([, value], i) => `${names[i]!.padEnd(width)}  ${lineText(value)}`);
  return [title, ...lines.map((line) => `  ${line}`)];
}

function normSections({ all, layers, modules }: UpdateNorms): string[][] {
  return [
    section('Weights: Frobenius norm of the update ΔW', [
      ['all', norm(all)],
      ...layers.map(({ name, value }): Fact => [name, norm(value)]),
    ]),
    section(
      'Weights: Frobenius norm of ΔW by module',
      modules.map(({ name, value }): Fact => [name, norm(value)]),
    ),
  ];
}

/** Messages have a line each, choices are short. */
function answerFacts({ name, kind, greedy, sampled }: CardContent['answers'][number]): Fact[] {
  if (kind === 'action') return [[name, quoted(greedy)], [`${name}: drawn`, sampled.map(quoted).join(' ')]]; // biome-ignore format: one line
  return [[`${name}: says`, quoted(greedy)], ...sampled.map((text, draw): Fact => [`${name}: says, draw ${draw}`, quoted(text)])];
}

function keptSection(kept: readonly KeptReading[]): string[] {
  return section(
    'Kept of ten when valuing it less, or more, by how the other kept last round',
    kept.flatMap(({ values, after, mean, shares }): Fact[] => {
      const what = `${values}, after ${after}`;
      return [
        [`${what}: mean`, number(mean)],
        ...KEPT_RANGES.map(([low, high], i): Fact => [`${what}: ${low} to ${high}`, number(shares?.[i] ?? null)]),
      ];
    }),
  );
}

/** Measures but the conditional ones, which have a section of their own where they were probed. */
function measureFacts(measures: MeasuresFile | undefined): Fact[] {
  if (measures === undefined) return [];
  const { meanReward, cooperateAfter, ...rest } = measures;
  return [
    ['meanReward', meanReward === null ? NONE : meanReward.map(number).join(' ')],
    ...numberFacts(rest),
    ...(cooperateAfter ? numberFacts(cooperateAfter, 'cooperateAfter.') : []),
  ];
}

function numberFacts(numbers: Readonly<Record<string, unknown>> | undefined, prefix = ''): Fact[] {
  return Object.entries(numbers ?? {}).flatMap(([name, value]): Fact[] =>
    value === null || typeof value === 'number' ? [[`${prefix}${name}`, COUNTS.has(name) ? String(value) : number(value)]] : [],
  );
}

/** Four decimals. */
function number(value: number | null): string {
  return fixed(value, 4);
}

/** Six decimals: updates of few steps are small. */
function norm(value: number): string {
  return fixed(value, 6);
}

function cosine(value: number | null): string {
  return fixed(value, 4);
}

function fixed(value: number | null, decimals: number): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

function quoted(text: string): string {
  return `“${text}”`;
}
