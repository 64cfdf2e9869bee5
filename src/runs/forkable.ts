import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Branch } from '../protocol/branches';
import type { RunFile } from '../protocol/runFiles';
import { trainsOnServer } from '../protocol/serverLimits';
import type { BranchView } from '../protocol/webview';
import type { OpenRun } from './openRun';

/** Why negotiations of a run cannot be forked and its policies cannot be asked, in one line with the remedy; null where they can. */
export function whyNotForkable({ name, file, folder }: Pick<OpenRun, 'name' | 'file' | 'folder'>): string | null {
  if (file === null) return `${name} is no run: only what a run of Parley played can be played on`;
  if (file.imported !== undefined) return `${name} was imported: Parley did not deal its games, and has none of its policies`;
  if (!hasBaseModel(file)) {
    return `${name}: its base model ${file.config.policy} is not on this machine (no config.json): put it there`;
  }
  const kept = folder.iterations.flatMap(({ checkpoint }) => checkpoint ?? []);
  if (kept.length === 0) return `${name} has kept no checkpoint yet`;
  if (trainsOnServer(file.config) && kept.some(({ files }) => files['adapter_config.json'] === undefined))
    return `${name}: its policies are on the training server ${file.config.engine.baseUrl} alone`;
  return null;
}

function hasBaseModel({ config: { policy } }: RunFile): boolean {
  return policy === 'embedded' || existsSync(join(policy, 'config.json'));
}

/** A branch as views show it. */
export function branchView({ branch, round, turn, after, seed, sample, players, reward }: Branch): BranchView {
  return {
    ...{ branch, round, turn, seed, sample, reward },
    ...(after && { after: after.map((each) => ({ branch: each.branch, turn: each.turn, players: whoWent(each.players) })) }),
    players: whoWent(players),
  };
}

function whoWent([alice, bob]: Branch['players']): BranchView['players'] {
  return [
    { name: alice.name, asBefore: alice.asBefore },
    { name: bob.name, asBefore: bob.asBefore },
  ];
}
