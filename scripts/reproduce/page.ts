import { games } from '../../src/domain/games';
import type { GameId } from '../../src/domain/games/game';
import { judge, type Verdict } from './claims';
import { EXPERIMENTS } from './experiments';
import { LAST_ITERATIONS, mean, type Outcome } from './outcome';

/** What a reproduction was run on. */
export interface Circumstances {
  /** `2026-11-27` */
  readonly date: string;
  /** Processor, cores, Node, ONNX Runtime. */
  readonly machine: string;
  readonly parley: string;
  readonly onnxruntime: string;
  /** Wall time of the whole, where it was run in one go; null where it was gone on with. */
  readonly minutes: number | null;
  /** SHA-256 of the embedded policies, by game. */
  readonly policies: Readonly<Partial<Record<GameId, string>>>;
}

const FIGURES: readonly { readonly game: GameId; readonly shows: string }[] = [
  { game: 'ipd', shows: 'self-play cooperation' },
  { game: 'split', shows: 'efficiency on contested items' },
  { game: 'trust-and-split', shows: 'efficiency' },
];

/** docs/findings.md between its marks: what was measured, and on what. */
export function findings(outcomes: readonly Outcome[], circumstances: Circumstances): string {
  const verdicts = judge(outcomes);
  const of = (id: string): Verdict[] => verdicts.filter(({ claim }) => claim.experiment === id);
  return [
    about(outcomes, circumstances),
    ...FIGURES.filter(({ game }) => outcomes.some(({ training }) => training.experiment.game === game)).flatMap(({ game, shows }) => [
      `## ${games[game].title}`,
      '',
      `![${shows} over training, mean over seeds](findings/${game}.svg)`,
      '',
      `*${capital(shows)} over training: the mean over seeds.*`,
      '',
      ...table(EXPERIMENTS.flatMap((each) => (each.game === game && each.against === undefined ? of(each.id) : []))),
    ]),
    ...profiles(outcomes),
    '## RL against the frozen AA policy',
    '',
    'For each seed, `rl` is trained against the final `aa` policy of that seed, which does not learn; then the two meet in fresh',
    'negotiations. The bound is the upper end of the 95 % bootstrap interval over deals.',
    '',
    ...table(of('ipd-rl-against-aa')),
  ].join('\n');
}

function about(outcomes: readonly Outcome[], { date, machine, parley, onnxruntime, minutes, policies }: Circumstances): string {
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const took =
    minutes === null ? 'gone on with after a stop, so the wall time of the whole is not known' : `${minutes.toFixed(0)} minutes in one go`;
  return [
    `${date}, Parley ${parley}, ONNX Runtime ${onnxruntime}; ${machine}.`,
    `${outcomes.length} trainings with one thread each, ${(seconds / 60).toFixed(0)} minutes by their journals; ${took}.`,
    `Embedded policies: ${Object.entries(policies)
      .map(([game, hash]) => `${game} \`${hash.slice(0, 12)}\``)
      .join(', ')}.`,
    '',
  ].join('\n');
}

function table(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map(({ claim, seeds, values, mean: average, holds }) => {
    const title = EXPERIMENTS.find(({ id }) => id === claim.experiment)?.title ?? claim.experiment;
    const verdict = `${holds} of ${values.length}${holds >= 0.8 * values.length ? '' : ' ✗'}`;
    const cells = [
      title,
      claim.what,
      `${claim.relation} ${claim.limit}`,
      range(seeds),
      values.map(short).join(' · '),
      short(average),
      verdict,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| trained by | measure | wanted | seeds | values | mean | holds on |', '|---|---|---|---|---|--:|---|', ...rows, ''];
}

/** `10–14`, for seeds that follow each other. */
function range(seeds: readonly number[]): string {
  const [first, last] = [seeds[0], seeds.at(-1)];
  return first === last ? String(first) : `${first}–${last}`;
}

/** The IPD's variants side by side: what each ends as. */
function profiles(outcomes: readonly Outcome[]): string[] {
  const variants = EXPERIMENTS.filter(({ id }) => id.startsWith('ipd-') && outcomes.some(({ training }) => training.experiment.id === id));
  if (variants.length === 0) return [];
  const rows = variants.map(({ id, title }) => {
    const own = outcomes.filter(({ training }) => training.experiment.id === id).map(({ measures }) => measures);
    const average = (read: (measures: Outcome['measures']) => number | null | undefined): string => {
      const values = own.flatMap((measures) => read(measures) ?? []);
      return values.length === 0 ? '–' : `${short(mean(values))} (${short(Math.min(...values))}–${short(Math.max(...values))})`;
    };
    const cells = [
      average(({ cooperationRate }) => cooperationRate),
      ...(['start', 'CC', 'CD', 'DC', 'DD'] as const).map((state) => average(({ cooperateAfter }) => cooperateAfter?.[state])),
      average(({ validMass }) => validMass),
    ];
    return `| ${title} | ${own.length} | ${cells.join(' | ')} |`;
  });
  return [
    '### What the variants end as',
    '',
    'Mean over seeds (least–most): self-play cooperation, P(A | last round) with the own move first, and how much of the unmasked',
    'policy’s probability is on valid answers.',
    '',
    '| trained by | seeds | cooperation | start | CC | CD | DC | DD | valid mass |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
}

/** Raw numbers, for whoever wants others than the page's: one object a training. */
export function findingsJson(outcomes: readonly Outcome[]): object[] {
  return outcomes.map(({ training: { experiment, seed }, measures, efficiency, contestedEfficiency, seconds, matchups }) => ({
    ...{ experiment: experiment.id, seed, iterations: experiment.iterations, measures },
    lastIterations: { count: LAST_ITERATIONS, efficiency, ...(contestedEfficiency !== null && { contestedEfficiency }) },
    seconds: Math.round(seconds),
    matchups: { players: matchups.players.map((name) => name.replace(/^.*\//, '')), ...pick(matchups) },
  }));
}

function pick({ meanReward, low, high, measures }: Outcome['matchups']): object {
  return { meanReward, low, high, measures };
}

function short(value: number | null): string {
  if (value === null) return '–';
  const text = Math.abs(value) >= 2 ? value.toFixed(2) : value.toFixed(3);
  return text.replace(/^(-?)0\./, '$1.').replace(/^-(\.0+)$/, '$1');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
