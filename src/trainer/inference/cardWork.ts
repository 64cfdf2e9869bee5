import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GameId } from '../../domain/games/game';
import { random } from '../../domain/random';
import { openWeightUpdate, updateCosines } from '../../engine/onnx/weightUpdate';
import type { InferenceRequests } from '../../protocol/inference';
import type { CheckpointAddress, PolicyCard } from '../../protocol/policyCards';
import type { RunFile } from '../../protocol/runFiles';
import { readJournal } from '../../runs/journal';
import { resolveConfig } from '../../runs/presets';
import { cosineText } from '../cards/cardText';
import { policyCardOf } from '../cards/policyCard';
import { policyFolder } from '../environment';
import { openPlayers } from '../players/openPlayers';
import type { PolicyPlayer } from '../players/player';
import { findPolicy, type PolicySource } from '../players/policySource';
import { isBaseModel, refuseUncopied } from '../players/servedPolicy';
import { readRunFile } from '../resume';
import type { Work } from './work';

/** Makes the policy card of a checkpoint, or of the base model of a run. @throws Error in one line: the run, the checkpoint or the base model that is gone. */
export async function cardWork({ checkpoint }: InferenceRequests['policyCard'][0], work: Work): Promise<PolicyCard> {
  const { signal, progress } = work;
  const found = await find(checkpoint, work.media);
  const { config } = found.run;
  const name = checkpoint.iteration === null ? 'base' : `iteration ${checkpoint.iteration}`;
  progress(0, 1, `${name}: loads ${config.policy === 'embedded' ? 'the embedded policy' : config.policy}`);
  return openCard({ name, game: config.game, source: found.source }, work, async (player) => {
    const { modelHash } = player.engine.info;
    if (!(await isBaseModel(found.run, player.engine.info, found.base)))
      throw new Error(
        `${found.base} is not the model that the run in ${checkpoint.folder} began with (SHA-256 ${modelHash.slice(0, 12)}…, run.json says ${found.run.model.sha256.slice(0, 12)}…): put the old one back`,
      );
    const run = { iteration: checkpoint.iteration, line: await lineOf(checkpoint) };
    return policyCardOf(
      { player, config, run, checkpoint: found.source.checkpoint, model: config.policy },
      { signal, progress: (done, of, line) => progress(done, of, `${name}: ${line}`) },
    );
  });
}

/** Makes the policy card of a policy that comes from no run, for a game that it is asked to play. */
export async function looseCard(name: string, source: PolicySource, game: GameId, work: Work): Promise<PolicyCard> {
  const config = resolveConfig(work.media, { game, algorithm: 'rl', seed: 0, preset: 'embedded', layers: [] });
  const { checkpoint, model } = source;
  return openCard({ name, game, source }, work, (player) => policyCardOf({ player, config, run: null, checkpoint, model }, work));
}

/** Opens a policy for as long as its card is made. */
async function openCard(
  { name, game, source }: { readonly name: string; readonly game: GameId; readonly source: PolicySource },
  { media, openEngine }: Work,
  make: (player: PolicyPlayer) => Promise<PolicyCard>,
): Promise<PolicyCard> {
  const opened = await openPlayers([{ kind: 'policy', name, source }], {
    game,
    rules: {},
    media,
    openEngine: (folder) => openEngine(folder),
    keyOf: () => undefined,
    random: random(0, 'card'),
  });
  try {
    const [player] = opened.players;
    if (player?.kind !== 'policy') throw new Error(`${name} is no policy`);
    return await make(player);
  } finally {
    await opened.dispose();
  }
}

/** Compares the updates of two checkpoints; it needs no engine. */
export async function cosineWork({ left, right }: InferenceRequests['updateCosine'][0], { media }: Work): Promise<string> {
  const [one, another] = [await find(left, media), await find(right, media)];
  if (one.source.checkpoint === null || another.source.checkpoint === null) return cosineText('none: the base model has no update');
  await refuseUncopied(`iteration ${left.iteration}`, one.source);
  await refuseUncopied(`iteration ${right.iteration}`, another.source);
  if (one.run.model.sha256 !== another.run.model.sha256) return cosineText('none: the two have different base models');
  const [before, after] = [
    await openWeightUpdate(one.source.checkpoint, one.base),
    await openWeightUpdate(another.source.checkpoint, another.base),
  ];
  return cosineText(updateCosines(before, after));
}

interface Found {
  readonly run: RunFile;
  readonly source: PolicySource;
  /** The base model's folder. */
  readonly base: string;
}

async function find({ folder, iteration }: CheckpointAddress, media: string): Promise<Found> {
  const run = await readRunFile(folder);
  const { config } = run;
  const base = policyFolder(media, config);
  if (!existsSync(join(base, 'config.json'))) {
    throw new Error(`the base model ${base} of the run in ${folder} is not on this machine (no config.json): put it there`);
  }
  if (iteration === null) return { run, base, source: { model: config.policy, checkpoint: null, run: { folder, config, iteration: 0 } } };
  const source = await findPolicy(`${folder}@${iteration}`, '/');
  if (source === null) throw new Error(`${folder} is missing: open the run again where it is now`);
  return { run, base, source };
}

/** The journal's line of a checkpoint's iteration; none for the base model. */
async function lineOf({ folder, iteration }: CheckpointAddress) {
  const { lines } = await readJournal(folder);
  return lines.find((line) => line.type === 'iteration' && line.iteration === iteration) as
    | Extract<(typeof lines)[number], { type: 'iteration' }>
    | undefined;
}
