import { AGENT_NAMES, type Pair, pair, SEATS } from '../domain/seat';
import { lineText } from '../domain/tokens/visibleText';
import { metFixedOpponent } from '../protocol/opponent';
import type { IterationLine, NegotiationSummaries } from '../protocol/runFiles';
import type { BranchView, Place, TreeNodeKind, TreeRow } from '../protocol/webview';
import { previewPlayers } from './preview';
import type { Outline, OutlineState, TreeArm, TreeNode } from './treeModel';
import { latestOverSeeds, meanCurve } from './treeSets';

/** Values of a sparkline at most; more would be finer than its pixels. */
const SPARK = 48;

const REWARD_MEANING = 'points a round and player';

/** What differs from row to row; the rest follows from the node's place in the tree. */
type Words = Pick<TreeRow, 'label'> & Partial<Pick<TreeRow, 'detail' | 'badge' | 'badgeMeaning' | 'spark' | 'seat' | 'forkable'>>;

/** A tree row in words and numbers as they are to be read. */
export function wordsOf(node: TreeNode): TreeRow {
  const { id, depth, expandable, expanded, parent, position, siblings, run, what } = node;
  const status = what.kind === 'run' || what.kind === 'set' ? { status: run.status } : {};
  const set = 'set' in what ? { set: what.set.id } : {};
  const checkpoint = hasCheckpoint(node) ? { checkpoint: true } : {};
  return {
    id,
    depth,
    expandable,
    expanded,
    parent,
    position,
    siblings,
    kind: kindOf(node),
    place: placeOf(node),
    ...status,
    ...set,
    ...checkpoint,
    ...inSight(words(node)),
  };
}

/** Names and what was said come from files: nothing in a row hides, or turns it around. */
function inSight(row: Words): Words {
  return { ...row, label: lineText(row.label), ...(row.detail === undefined ? {} : { detail: lineText(row.detail) }) };
}

function hasCheckpoint({ run, what }: TreeNode): boolean {
  if (what.kind === 'run') return run.iterations.some(({ checkpoint }) => checkpoint !== undefined);
  return what.kind === 'iteration' && what.line.checkpoint !== undefined;
}

function kindOf({ what }: TreeNode): TreeNodeKind {
  return what.kind === 'underway' ? 'iteration' : what.kind;
}

function placeOf({ run, what }: TreeNode): Place {
  switch (what.kind) {
    case 'run':
    case 'set':
    case 'arm':
    case 'waiting':
    case 'notice':
      return { run: run.id };
    case 'range':
      return { run: run.id, iteration: what.last };
    case 'iteration':
      return { run: run.id, iteration: what.line.iteration };
    case 'underway':
      return { run: run.id, iteration: what.preview.iteration };
    case 'group':
      return { run: run.id, iteration: what.iteration, group: what.group };
    case 'negotiation':
      return { run: run.id, iteration: what.iteration, group: what.group, negotiation: what.negotiation };
    case 'round':
      return { run: run.id, ...what.of, round: what.round.round };
    case 'turn':
      return { run: run.id, ...what.of, round: what.round, turn: what.turn.turn };
    case 'branch':
      return { run: run.id, ...what.of, round: what.branch.round, turn: what.branch.turn, branch: what.branch.branch };
  }
}

function words({ run, what }: TreeNode): Words {
  switch (what.kind) {
    case 'run': {
      // A mean over pairs of players, or a line through them, means nothing.
      if (run.pairs !== undefined) return { label: run.name, ...(run.detail === '' ? {} : { detail: run.detail }) };
      return { label: run.name, detail: run.detail, ...reward(run.iterations.at(-1)), ...spark(run.iterations.map(iterationReward)) };
    }
    case 'range': {
      if (run.pairs !== undefined)
        return { label: what.first === what.last ? `pair ${what.first} …` : `pairs ${what.first} – ${what.last}` };
      const label = what.first === what.last ? `iteration ${what.first} …` : `iterations ${what.first} – ${what.last}`;
      return { label, ...reward(what.lines.at(-1)), ...spark(what.lines.map(iterationReward)) };
    }
    case 'iteration': {
      const pair = run.pairs?.get(what.line.iteration);
      if (pair !== undefined) return { label: pair, ...pairReward(what.line) };
      const detail = what.line.checkpoint === undefined ? {} : { detail: 'checkpoint' };
      return { label: `iteration ${what.line.iteration}`, ...detail, ...reward(what.line) };
    }
    case 'underway': {
      const { count } = what.preview;
      return { label: `iteration ${what.preview.iteration}`, detail: `under way · ${count} negotiation${count === 1 ? '' : 's'}` };
    }
    case 'group':
      return groupWords(what.group, what.line?.negotiations, run.pairs !== undefined);
    case 'negotiation':
      return negotiationWords(
        what.negotiation,
        what.line?.negotiations,
        run.preview?.negotiation(what.negotiation)?.turns ?? [],
        what.outline,
      );
    case 'round': {
      const { round, actions, rewards } = what.round;
      return {
        label: `round ${round + 1}`,
        ...(actions === null ? {} : { detail: actions.join(' · ') }),
        ...(rewards === null ? {} : { badge: rewards.map(points).join(' / '), badgeMeaning: 'points of Alice and Bob' }),
      };
    }
    case 'turn': {
      const { seat, text, valid, credit } = what.turn;
      const said = valid ? text : `${text} (did not parse)`;
      return {
        label: AGENT_NAMES[seat],
        detail: [said, branchCount(what.branches.length)].filter((part) => part !== '').join(' · '),
        seat,
        ...(run.forkable === true && credit !== null ? { forkable: true as const } : {}),
        ...(credit === null ? {} : { badge: signed(credit), badgeMeaning: 'credit of this round' }),
      };
    }
    case 'branch': {
      const { branch, seed, sample, reward: pay } = what.branch;
      const detail = `${whoWentOn(what.branch.players)} · ${ofBranch(what.branch)}seed ${seed}, sample ${sample + 1}`;
      return { label: `branch ${branch}`, detail, badge: pay.map(points).join(' / '), badgeMeaning: 'points a round of Alice and Bob' };
    }
    case 'set':
      return { label: what.set.name, detail: what.set.detail, ...setReward(what.set.arms) };
    case 'arm':
      return {
        label: what.arm.algorithm,
        detail: armDetail(what.arm),
        ...setReward([what.arm]),
        ...spark(meanCurve(what.arm.members, iterationReward)),
      };
    case 'waiting':
      return { label: what.member.name, detail: what.member.detail };
    case 'notice':
      return { label: what.label, detail: what.detail };
  }
}

/** The branch that another leaves, where it does not leave the negotiation itself: `from branch 2 · `. */
export function ofBranch({ after }: { readonly after?: readonly { readonly branch: number }[] | undefined }): string {
  const left = after?.at(-1);
  return left === undefined ? '' : `from branch ${left.branch} · `;
}

/** Who goes on in a branch in place of who did in the original: `Bob: ipd-rl@200`. */
export function whoWentOn(players: BranchView['players']): string {
  const others = SEATS.filter((seat) => !players[seat].asBefore).map((seat) => `${AGENT_NAMES[seat]}: ${players[seat].name}`);
  return others.length === 0 ? 'both as before' : others.join(', ');
}

function branchCount(count: number): string {
  return count === 0 ? '' : `${count} branch${count === 1 ? '' : 'es'}`;
}

/** Means over seeds: with its interval where there is one algorithm, side by side where there are several. */
function setReward(arms: readonly TreeArm[]): Partial<Words> {
  const means = arms.map(({ members }) => latestOverSeeds(members, iterationReward));
  const [mean] = means;
  if (arms.length > 1) {
    if (means.every((each) => each === null)) return {};
    const names = arms.map(({ algorithm }) => algorithm).join(' / ');
    return badgeText(
      means.map((each) => (each === null ? '–' : points(each.mean))).join(' / '),
      `mean ${REWARD_MEANING} over seeds, ${names}`,
    );
  }
  if (mean === undefined || mean === null) return {};
  const { low, high } = mean;
  if (low === high) return badgeText(points(mean.mean), `mean ${REWARD_MEANING} in each run’s newest iteration`);
  const meaning = `mean ${REWARD_MEANING} in each run’s newest iteration, 95 % interval over seeds ${points(low)} to ${points(high)}`;
  return badgeText(`${points(mean.mean)} ± ${points(Math.max(high - mean.mean, mean.mean - low))}`, meaning);
}

function armDetail({ members }: TreeArm): string {
  const finished = members.filter((member) => ('iterations' in member ? member.status === 'finished' : member.finished)).length;
  return `${finished}/${members.length} runs`;
}

/** @param known whether who plays stands above already. */
function groupWords(group: number, summaries: NegotiationSummaries | undefined, known: boolean): Words {
  if (summaries === undefined) return { label: `group ${group}`, detail: 'under way' };
  const members = summaries.group.flatMap((id, negotiation) => (id === group ? [negotiation] : []));
  const rewards = members.flatMap((negotiation) => summaries.reward.map((seat) => seat[negotiation] ?? 0));
  const others = new Set(members.flatMap((negotiation) => playersOf(summaries, negotiation).filter((player) => player !== 'policy')));
  const [only] = others;
  return {
    label: `group ${group}`,
    ...(only === undefined || known ? {} : { detail: others.size === 1 ? `against ${only}` : `against ${others.size} players` }),
    ...badge(mean(rewards), `mean ${REWARD_MEANING}`),
  };
}

function negotiationWords(
  negotiation: number,
  summaries: NegotiationSummaries | undefined,
  turns: Parameters<typeof previewPlayers>[0],
  outline: OutlineState | undefined,
): Words {
  const label = `negotiation ${negotiation}`;
  if (summaries === undefined) {
    const rounds = (turns.at(-1)?.round ?? -1) + 1;
    return { label, detail: [versus(previewPlayers(turns)), `round ${rounds}`].filter((part) => part !== '').join(' · ') };
  }
  const rewards = pair((seat) => summaries.reward[seat][negotiation] ?? 0);
  const detail = negotiationDetail(summaries, negotiation);
  return {
    label,
    ...(detail === '' ? {} : { detail }),
    badge: rewards.map(points).join(' / '),
    badgeMeaning: 'points a round of Alice and Bob',
    ...(isOutline(outline) ? spark(outline.rounds.map(({ rewards: pay }) => (pay === null ? null : pay[0] + pay[1]))) : {}),
  };
}

/** Who plays whom, and what did not parse; empty where there is nothing to say. */
export function negotiationDetail(summaries: NegotiationSummaries, negotiation: number): string {
  const invalid = summaries.invalid[negotiation] ?? 0;
  const players = versus(playersOf(summaries, negotiation));
  return [players, invalid > 0 ? `${invalid} did not parse` : ''].filter((part) => part !== '').join(' · ');
}

function isOutline(outline: OutlineState | undefined): outline is Outline {
  return typeof outline === 'object' && 'rounds' in outline;
}

function playersOf(summaries: NegotiationSummaries, negotiation: number): Pair<string> {
  return pair((seat) => summaries.player[seat][negotiation] ?? '');
}

/** Who plays whom; nothing where it is the live policy against itself. */
function versus(players: Pair<string>): string {
  return SEATS.filter((seat) => players[seat] !== 'policy' && players[seat] !== '')
    .map((seat) => `${AGENT_NAMES[seat]}: ${players[seat]}`)
    .join(', ');
}

/** Mean points a round and player: of the live policy against itself where it played itself, else its own against a fixed opponent, else of all. */
function iterationReward(line: IterationLine): number | null {
  const self = line.measures?.meanReward;
  if (self !== undefined && self !== null) return metFixedOpponent(line) ? self[0] : (self[0] + self[1]) / 2;
  const all = line.negotiations?.reward.flat() ?? [];
  return all.length === 0 ? null : mean(all);
}

/** Mean points a round of both players, the first one's first. */
function pairReward({ measures }: IterationLine): Partial<Words> {
  const both = measures?.meanReward ?? null;
  return both === null ? {} : { badge: both.map(points).join(' / '), badgeMeaning: 'mean points a round of the first and the second' };
}

function reward(line: IterationLine | undefined): Partial<Words> {
  const value = line === undefined ? null : iterationReward(line);
  return value === null || line === undefined ? {} : badge(value, `mean ${REWARD_MEANING} in iteration ${line.iteration}`);
}

function badge(value: number, badgeMeaning: string): Partial<Words> {
  return badgeText(points(value), badgeMeaning);
}

function badgeText(text: string, badgeMeaning: string): Partial<Words> {
  return { badge: text, badgeMeaning };
}

function spark(values: readonly (number | null)[]): Partial<Words> {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return {};
  if (known.length <= SPARK) return { spark: known };
  return { spark: Array.from({ length: SPARK }, (_, i) => known[Math.round((i * (known.length - 1)) / (SPARK - 1))] ?? 0) };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Points with as many digits as help: `3`, `2.75`, `91.4`. */
export function points(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) >= 20 ? 1 : 2)));
}

/** A credit with its sign, a real minus. */
export function signed(value: number): string {
  const digits = Math.abs(value).toFixed(2);
  return Number(digits) === 0 ? '0.00' : value < 0 ? `−${digits}` : `+${digits}`;
}
