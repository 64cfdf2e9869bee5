import type { GameSettings } from '../../domain/games/game';
import { type Random, random } from '../../domain/random';
import { type PendingTurn, play } from '../../domain/rollout';
import { type Pair, pair, SEATS, type Seat } from '../../domain/seat';
import { type Branch, type BranchRequests, branchAt, type Forked } from '../../protocol/branches';
import { PERSON } from '../../protocol/play';
import type { TurnRow } from '../../protocol/rollouts';
import { readBranchIndex } from '../../runs/branchIndex';
import { type BranchDraft, keepBranches } from '../../runs/keepBranches';
import { seatThen } from '../../runs/seatThen';
import { parleyVersion } from '../environment';
import { openPlayers, rulesOf } from '../players/openPlayers';
import type { Player } from '../players/player';
import { type PlayerSpec, readPlayer } from '../players/spec';
import { openingFor, Table } from '../players/table';
import { encodeRollouts } from '../rolloutFile';
import type { PastTurn } from '../seats';
import { branchRows } from './branchRows';
import { dealOf, type History, readHistory, requestAt } from './history';
import { PersonInBranch, Unanswered } from './personInBranch';
import { PERSONS_CHAIR } from './play/otherSeat';
import { type TokenOrigin, tokenOrigin } from './tokenOrigin';
import type { Work } from './work';

type ForkParams = BranchRequests['fork'][0];

/** Who goes on in a seat, looked up but not opened. */
interface Continuing {
  readonly spec: PlayerSpec;
  readonly entry: Branch['players'][number];
}

/**
 * Plays a negotiation, or a branch of it, on from one of its turns, several times, and keeps the branches in the run folder. The game is dealt as it
 * was, what was said before the turn is replayed token for token, and the rest is drawn by (seed, sample, seat, turn, token).
 * @throws Error in one line for a turn that cannot be played again, and what players throw; nothing is kept then.
 */
export async function forkWork(params: ForkParams, work: Work): Promise<Forked> {
  const { folder, turn, samples, seed } = params;
  const history = await readHistory(folder, params, params.branch);
  const after = stretchesBefore(history, turn);
  requestAt(history, turn);
  const continuing = await Promise.all(SEATS.map((seat) => whoContinues(params, history, seat, work)));
  const specs = pair((seat) => continuing[seat]!.spec);
  const players = pair((seat) => continuing[seat]!.entry);
  // A person's branch is played again from the turn with each of its answers.
  if (players.some(({ player }) => player === PERSON) && players.some(({ player }) => player.startsWith('api:'))) {
    throw new RangeError('an endpoint answers otherwise when it is asked again: a person meets one in Play Against Policy');
  }
  const known = await keptAlready(params, players, after);
  const missing = Array.from({ length: samples }, (_, sample) => sample).filter((sample) => !known.has(sample));
  if (missing.length === 0) return { branches: [...known.values()], warnings: [], ask: null };

  const { rows } = history;
  const { game } = history.run.config;
  // A player that has both seats is one, so that its turns are answered together.
  const opened = await openPlayers(players[0].player === players[1].player ? [specs[0]] : specs, {
    game,
    rules: rulesIn(history),
    media: work.media,
    openEngine: (model) => work.openEngine(model),
    keyOf: (name) => work.settings.keys[name],
    random: random(seed, 'branch', 'players'),
  });
  try {
    const seated = pair((seat) => opened.players[seat] ?? opened.players[0]!);
    const { negotiations, transcripts } = await playOn(history, seated, params, work);
    const time = new Date().toISOString();
    const { iteration, seed_group: group, negotiation } = rows[0]!;
    const { round } = rows.find((row) => row.turn === turn)!;
    const drafts = missing.map((sample): BranchDraft => {
      const played = negotiations[sample]!;
      const written = branchRows(rows, turn, played, seated, transcripts[sample]!);
      const { rounds } = played.negotiation;
      return {
        ...{ time, parley: parleyVersion(work.media), iteration, group, negotiation, round, turn, seed, sample },
        ...(after.length === 0 ? {} : { after }),
        players: [players[0], players[1]],
        reward: [...pair((seat) => rounds.reduce((sum, { rewards }) => sum + rewards[seat], 0) / rounds.length)],
        rows: written.length,
        bytes: encodeRollouts(written),
      };
    });
    const kept = await keepBranches(folder, drafts);
    const branches = [...known.values(), ...kept.map(({ branch }) => branch)].sort((a, b) => a - b);
    return { branches, warnings: opened.warnings, ask: null };
  } catch (error) {
    if (error instanceof Unanswered) return { branches: [], warnings: [], ask: error.ask };
    throw error;
  } finally {
    await opened.dispose();
  }
}

/** The branches that had the word before a turn, the outermost first; none where the negotiation itself had. */
function stretchesBefore({ branch }: History, turn: number): NonNullable<Branch['after']> {
  if (branch === undefined) return [];
  const own = { branch: branch.branch, turn: branch.turn, players: branch.players };
  return [...(branch.after ?? []), own].filter((each) => each.turn < turn);
}

async function whoContinues({ players, turn, folder }: ForkParams, history: History, seat: Seat, work: Work): Promise<Continuing> {
  const { run, iterations, rows, branch } = history;
  const given = players[seat];
  const left = branch && branchAt(branch, turn);
  const before = given !== null || left ? null : seatThen(folder, run, iterations, rows.find((row) => row.seat === seat)!);
  const player = given ?? left?.players[seat].player ?? before?.player;
  if (player === undefined) throw new Error(`${run.name} has kept no checkpoint, so that nobody can go on from turn ${turn} as before`);
  const { game } = run.config;
  const entry = { name: PERSON, player, asBefore: false };
  if (player === PERSON) return { spec: PERSONS_CHAIR, entry };
  const spec = await readPlayer(player, { game, apis: work.settings.apis, cwd: folder });
  return { spec, entry: { name: spec.name, player, asBefore: given === null } };
}

/** Samples that were made before with the same players and seed, and their branches: what is drawn again is the same again. */
async function keptAlready(
  params: ForkParams,
  players: Pair<Continuing['entry']>,
  after: NonNullable<Branch['after']>,
): Promise<Map<number, number>> {
  // An endpoint gives no answer twice, and a person need not.
  if (players.some(({ player }) => player.startsWith('api:') || player === PERSON)) return new Map();
  const { iteration, negotiation, turn, seed, samples, folder } = params;
  const { branches } = await readBranchIndex(folder);
  const same = branches.filter(
    (branch) =>
      branch.iteration === iteration &&
      branch.negotiation === negotiation &&
      branch.turn === turn &&
      (branch.after ?? []).map((each) => each.branch).join() === after.map((each) => each.branch).join() &&
      branch.seed === seed &&
      branch.sample < samples &&
      SEATS.every((seat) => branch.players[seat].player === players[seat].player),
  );
  return new Map(same.map(({ sample, branch }) => [sample, branch]));
}

/** The rules that the negotiation was played by; a player of another run reads them in its own words. */
function rulesIn({ run }: History): Partial<GameSettings> {
  const { game, gameSettings } = run.config;
  return Object.fromEntries(rulesOf(game).map((key) => [key, gameSettings[key]])) as Partial<GameSettings>;
}

/** Plays all samples together to the end. */
async function playOn(history: History, seated: Pair<Player>, { turn, samples, seed, answers = [] }: ForkParams, work: Work) {
  const { run, rows, iteration } = history;
  const { game, gameSettings } = run.config;
  const isOurs = await tokenOrigin(history, work.media);
  const byTurn = new Map(rows.map((row) => [row.turn, row]));
  const rules = rulesIn(history);
  const deal = (): Random => dealOf(run.config, iteration, rows[0]!.seed_group);
  const person = PersonInBranch.among(seated, { game, rules, deal, answers });
  if (person !== null && samples > 1) throw new RangeError('a person plays one branch at a time: ask for one sample');
  const positions = Array.from({ length: samples }, () => person?.opening() ?? openingFor(game, seated, rules, deal));
  const table = new Table({
    ...{ game, positions, signal: work.signal },
    players: positions.map(() => seated),
    uniforms: random(seed, 'branch'),
  });
  try {
    const negotiations = await play(positions, async (pending) => {
      const past = pending.filter((each) => each.turn < turn);
      await table.replay(past.map((each) => pastTurn(each, byTurn.get(each.turn)!, seated, run.model.sha256, isOurs)));
      const ahead = pending.filter((each) => each.turn >= turn);
      const { round } = pending[0]!.request.view;
      if (ahead.length > 0) work.progress(round, gameSettings.rounds, `round ${round + 1} of ${gameSettings.rounds}`);
      const asked = ahead.find(({ seat }) => seat === person?.seat);
      // First, so that nothing is computed while a person thinks.
      const said = asked === undefined || person === null ? '' : person.answer(asked);
      const others = ahead.filter((each) => each !== asked);
      const texts = await table.answer(others);
      return pending.map((each) => (each.turn < turn ? byTurn.get(each.turn)!.text : each === asked ? said : texts[others.indexOf(each)]!));
    });
    return { negotiations, transcripts: table.transcripts };
  } finally {
    table.close();
  }
}

/** A turn of the original as whoever has the seat now remembers it: with its very tokens where it reads and says the same by them. */
function pastTurn(pending: PendingTurn, row: TurnRow, seated: Pair<Player>, model: string, isOurs: TokenOrigin): PastTurn {
  const player = seated[pending.seat];
  const isSame =
    isOurs(row) && player.kind === 'policy' && player.engine.info.modelHash === model && pending.request.observation === row.prompt;
  const tokens = isSame && row.token_ids.length > 0 ? { read: row.prompt_token_ids, tokens: Int32Array.from(row.token_ids) } : null;
  return { ...pending, text: row.text, tokens };
}
