import { type Pair, pair, SEATS, type Seat } from '../../domain/seat';
import type { PyDict } from './pickleData';
import type { ChatTurn, RolloutTree, Step } from './rolloutTree';

/** A round: the time steps up to the one that ends it. */
export interface Round {
  readonly steps: readonly Step[];
  /** Points of the round. */
  readonly rewards: Pair<number>;
  /** What the simulation noted when the round ended. */
  readonly info: PyDict | null;
}

/** Something that a seat produced, in its place. */
export interface ProducedTurn {
  readonly seat: Seat;
  /** 0-based. */
  readonly round: number;
  /** What the seat was shown since it last spoke. */
  readonly prompt: string;
  readonly promptTokens: number[];
  /** Null for a seat whose act was noted, but not produced as text (a scripted player). */
  readonly chat: ChatTurn | null;
  readonly tokens: number[];
  /** log π of the sampling policy, nats. */
  readonly logProbs: number[];
  /** Place of the first produced token in the seat's chat. */
  readonly position: number;
  /** Whether it ends the seat's part in the round. */
  readonly acts: boolean;
}

/** Rounds of a path: runs that were not grouped by round mark the time step that ends one. */
export function roundsOf(steps: readonly Step[]): Round[] {
  const rounds: Round[] = [];
  let open: Step[] = [];
  steps.forEach((step, i) => {
    open.push(step);
    if (step.info?.get('is_last_timestep_in_round') === false && i < steps.length - 1) return;
    const [first, ...rest] = open;
    rounds.push({
      steps: open,
      rewards: pair((seat) => rest.reduce((sum, { rewards }) => sum + rewards[seat], first!.rewards[seat])),
      info: step.info,
    });
    open = [];
  });
  return rounds;
}

/**
 * Everything produced in some rounds, in order. Within a time step a seat is shown something once before it may speak, so
 * that the number of times says who spoke when; those who act at once follow each other in seat order.
 * @throws PickleError when a token id is no integer that JavaScript holds
 */
export function producedTurns(rounds: readonly Round[]): ProducedTurn[] {
  const result: ProducedTurn[] = [];
  const shown: Pair<{ texts: string[]; tokens: number[] }> = [
    { texts: [], tokens: [] },
    { texts: [], tokens: [] },
  ];
  const positions: [number, number] = [0, 0];
  rounds.forEach(({ steps }, round) => {
    const inRound: { order: number; turn: ProducedTurn }[] = [];
    for (const seat of SEATS) {
      let order = 0;
      let last: { order: number; turn: ProducedTurn } | undefined;
      const take = (): { prompt: string; promptTokens: number[] } => {
        const taken = { prompt: shown[seat].texts.join('\n'), promptTokens: shown[seat].tokens };
        shown[seat].texts = [];
        shown[seat].tokens = [];
        return taken;
      };
      for (const step of steps) {
        for (const chat of step.turns[seat]) {
          const tokens = chat.tokens?.numbers() ?? [];
          if (!chat.produced) {
            order += 1;
            shown[seat].texts.push(chat.content);
            for (const token of tokens) shown[seat].tokens.push(token);
          } else {
            if (last !== undefined) inRound.push(last);
            const turn = {
              seat,
              round,
              ...take(),
              chat,
              tokens,
              logProbs: chat.logProbs?.numbers() ?? [],
              position: positions[seat],
              acts: false,
            };
            last = { order, turn };
          }
          positions[seat] += tokens.length;
        }
      }
      const silent = {
        seat,
        round,
        ...(last === undefined ? take() : {}),
        chat: null,
        tokens: [],
        logProbs: [],
        position: positions[seat],
      };
      inRound.push(
        last === undefined
          ? { order: Number.POSITIVE_INFINITY, turn: { prompt: '', promptTokens: [], ...silent, acts: true } }
          : { order: last.order, turn: { ...last.turn, acts: true } },
      );
    }
    inRound.sort((a, b) => a.order - b.order || a.turn.seat - b.turn.seat);
    for (const { turn } of inRound) result.push(turn);
  });
  return result;
}

/** Who plays, in the words of a run of Parley's: the policy, a snapshot out of the agent buffer, or no language model. */
export function playersOf(tree: RolloutTree): Pair<string> {
  return pair((seat) => {
    if (tree.agents[seat].startsWith('buffer_')) return 'snapshot';
    return tree.steps.some((step) => step.turns[seat].some((turn) => turn.produced)) ? 'policy' : 'scripted';
  });
}
