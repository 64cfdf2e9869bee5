import { random } from '../../src/domain/random';
import type { Distributions } from '../../src/protocol/branches';
import type { BranchView, DistributionsView, NegotiationView, Place, PolicyRef, RunView } from '../../src/protocol/webview';

/** Where the negotiation in view has branches, and how many. */
export interface Branching {
  readonly turn: number;
  readonly count: number;
}

/** A negotiation with its branches, or one of them: from the turn on, the second seat always plays B. */
export function branched(view: NegotiationView, place: Place, { turn, count }: Branching): NegotiationView | null {
  const round = view.turns.find((each) => each.turn === turn)?.round ?? 0;
  const branches = Array.from({ length: count }, (_, i): BranchView => {
    const players = [
      { name: 'ipd-aa@100', asBefore: true },
      { name: i % 2 === 0 ? 'ipd-rl@200' : 'scripted:always-defect', asBefore: false },
    ] as const;
    return { branch: i + 1, round, turn, seed: 0, sample: i, players, reward: [2.1 - 0.2 * i, 2.8 + 0.2 * i] };
  });
  if (place.branch === undefined) return { ...view, branches };
  const branch = branches.find((each) => each.branch === place.branch);
  if (branch === undefined) return null;
  const turns = view.turns.map((each) => {
    const own = each.turn >= turn && each.seat === 1 && each.kind === 'action';
    const said = own ? { text: 'B', tokens: { ...each.tokens, texts: ['B', ...each.tokens.texts.slice(1)] } } : {};
    return { ...each, ...said, trained: false, credit: null };
  });
  return {
    ...{ ...view, algorithm: null, turns, members: [], branches, branch },
    place: { ...view.place, branch: branch.branch },
    players: [view.players[0], branch.players[1].name],
  };
}

/** Made-up answers of made-up policies about a token that was said. */
export function madeUpDistributions(
  place: Place,
  chosen: readonly PolicyRef[] | null,
  runs: readonly RunView[],
  said: string | undefined,
): DistributionsView {
  const own = runs.find(({ run }) => run === place.run);
  const other = runs.find(({ run }) => run === own?.pairedWith);
  const iteration = Math.floor(((place.iteration ?? 1) - 1) / 10) * 10;
  const policies = chosen ?? [own, other].flatMap((run) => (run === undefined ? [] : [{ run: run.run, iteration }]));
  const choices = runs.flatMap(({ run, name, algorithm, iteration: last }) =>
    algorithm === null ? [] : [{ run, name, algorithm, checkpoints: Array.from({ length: Math.floor(last / 10) + 1 }, (_, i) => 10 * i) }],
  );
  const asked = { place, choices, policies, isExact: chosen === null && iteration === (place.iteration ?? 1) - 1 };
  if (said === undefined) return { ...asked, said: null, problem: 'Choose a token: what policies would say in its place is shown here' };
  const texts = [...new Set([said, 'A', 'B', 'rock', 'play', '<|end|>'])];
  const distribution = (policy: PolicyRef): Distributions['policies'][number] => {
    const draws = random('distribution', policy.run, policy.iteration, place.turn ?? 0, place.token ?? 0);
    const weights = texts.map((_, i) => (i < 3 ? 0.2 + draws.uniform() : 0.06 * draws.uniform()));
    const total = weights.reduce((sum, weight) => sum + weight, 0) / 0.97;
    const free = weights.map((weight) => weight / total);
    const allowed = free.slice(0, 3).reduce((sum, p) => sum + p, 0);
    return {
      ...{ name: `${policy.run}@${policy.iteration}`, free, rest: [0.03, 0], validMass: allowed },
      masked: free.map((p, i) => (i < 3 ? p / allowed : 0)),
      entropy: free.reduce((sum, p) => sum - p * Math.log(p), 0),
    };
  };
  const tokens = texts.map((text, i) => ({ id: 40 + i, text, isSaid: text === said, isAllowed: i < 3 }));
  return { ...asked, said: { isMasked: true, temperature: 1, tokens, policies: policies.map(distribution) }, problem: null };
}
