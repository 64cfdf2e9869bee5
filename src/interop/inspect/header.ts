import type { IterationLine, RunFile } from '../../protocol/runFiles';
import { EVAL_FORMAT, type EvalHeader, type EvalSample, type EvalSampleSummary, type EvalUsage, type Metadata } from './format';

/** Of what a log is: an iteration of a run, or a pair of players. */
export interface LogOrigin {
  readonly run: string;
  readonly name: string;
  readonly game: string;
  /** Null where nothing was trained. */
  readonly file: RunFile | null;
  readonly line: IterationLine;
  /** The policy as a model. */
  readonly model: string;
  /** Version of Parley. */
  readonly parley: string;
}

/** What lists of samples show of one. */
export function summaryOf(sample: EvalSample): EvalSampleSummary {
  const { id, epoch, uuid, input, target, metadata, model_usage, completed_at, scores, messages } = sample;
  const { rounds: _, ...short } = metadata;
  return {
    ...{ id, epoch, uuid, input, target, metadata: short, model_usage, completed_at },
    scores: Object.fromEntries(Object.entries(scores).map(([name, { value }]) => [name, { value }])),
    completed: true,
    message_count: messages.length,
  };
}

/** header.json of a log whose samples are these. */
export function headerOf(origin: LogOrigin, samples: readonly EvalSampleSummary[]): EvalHeader {
  const { line } = origin;
  return {
    version: EVAL_FORMAT,
    status: 'success',
    ...startOf(origin, samples),
    results: { total_samples: samples.length, completed_samples: samples.length, scores: scoresOver(samples) },
    stats: {
      started_at: line.time,
      completed_at: line.time,
      model_usage: usageOver(samples),
      role_usage: {},
    },
  };
}

/** _journal/start.json: what is known before there are samples. */
export function startOf(origin: LogOrigin, samples: readonly Pick<EvalSampleSummary, 'id'>[]): { eval: Metadata; plan: Metadata } {
  const { run, name, game, file, line, model, parley } = origin;
  const config = file?.config;
  const key = `${run}/${line.iteration}`;
  return {
    eval: {
      ...{ eval_id: key, run_id: run, created: line.time, task: `parley/${game}`, task_id: key, task_version: 0 },
      task_display_name: `${game}: ${name}, iteration ${line.iteration}`,
      task_attribs: {},
      task_args: config?.gameSettings ?? {},
      task_args_passed: {},
      ...{ solver: config === undefined || config.opponent === 'self' ? 'parley/self_play' : 'parley/fixed_opponent', solver_args: {} },
      tags: [game, ...(config === undefined ? [] : [config.algorithm])],
      dataset: { name: game, samples: samples.length, sample_ids: samples.map(({ id }) => id), shuffled: false },
      model,
      model_generate_config: { logprobs: true, ...(config !== undefined && { temperature: config.temperature }) },
      model_args: {},
      config: { epochs: 1 },
      packages: { parley },
      metadata: {
        ...{ run, name, iteration: line.iteration },
        ...(file !== null && { config: file.config, base_model: file.model }),
        ...(line.measures !== undefined && { measures: line.measures }),
        ...(line.training !== undefined && { training: line.training }),
      },
    },
    plan: { name: 'plan', steps: [{ solver: 'parley/self_play', params: {}, params_passed: {} }], config: {} },
  };
}

function scoresOver(samples: readonly EvalSampleSummary[]): Metadata[] {
  const names = [...new Set(samples.flatMap(({ scores }) => Object.keys(scores)))];
  return names.map((name) => {
    const values = samples.flatMap(({ scores }) => scores[name]?.value ?? []);
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    return {
      ...{ name, scorer: name, scored_samples: values.length, unscored_samples: samples.length - values.length, params: {} },
      metrics: { mean: { name: 'mean', value: mean, params: {} } },
    };
  });
}

function usageOver(samples: readonly EvalSampleSummary[]): Readonly<Record<string, EvalUsage>> {
  const total: Record<string, EvalUsage> = {};
  for (const { model_usage } of samples) {
    for (const [model, usage] of Object.entries(model_usage)) {
      const known = total[model] ?? { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
      total[model] = {
        input_tokens: known.input_tokens + usage.input_tokens,
        output_tokens: known.output_tokens + usage.output_tokens,
        total_tokens: known.total_tokens + usage.total_tokens,
      };
    }
  }
  return total;
}
