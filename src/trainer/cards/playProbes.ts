import type { GameId } from '../../domain/games/game';
import { scriptedPlayers } from '../../domain/players';
import { negotiationText, PROBE_SEED, type ProbeNegotiation, probeNegotiations } from '../../domain/probes';
import { random } from '../../domain/random';
import { play } from '../../domain/rollout';
import type { Pair } from '../../domain/seat';
import type { Player, PolicyPlayer } from '../players/player';
import { openingFor, Table } from '../players/table';

/** How the policy is called in the texts: the same for all, so that texts of two differ in what they say. */
const POLICY = 'policy';

/** Plays the probe negotiations of a game and writes them as texts, in their order. */
export async function playProbes(game: GameId, policy: PolicyPlayer, signal?: AbortSignal): Promise<{ name: string; text: string }[]> {
  const probes = probeNegotiations(game);
  const texts = new Map<string, string>();
  for (const greedy of [true, false]) {
    const chosen = probes.filter((probe) => probe.greedy === greedy);
    for (const [name, text] of await playTogether(
      game,
      { ...policy, name: POLICY, speech: { ...policy.speech, greedy } },
      chosen,
      signal,
    )) {
      texts.set(name, text);
    }
  }
  return probes.map(({ name }) => ({ name, text: texts.get(name) ?? '' }));
}

async function playTogether(
  game: GameId,
  policy: PolicyPlayer,
  probes: readonly ProbeNegotiation[],
  signal: AbortSignal | undefined,
): Promise<[name: string, text: string][]> {
  const scripted = scriptedPlayers(game);
  const others = new Map<string, Player>();
  const opponentOf = ({ opponent }: ProbeNegotiation): Player => {
    if (opponent === null) return policy;
    const known = others.get(opponent) ?? { kind: 'scripted', name: opponent, player: scripted.get(opponent) };
    others.set(opponent, known);
    return known;
  };
  const players = probes.map((probe): Pair<Player> => [policy, opponentOf(probe)]);
  const positions = probes.map(({ seed }, n) => openingFor(game, players[n]!, {}, () => random(PROBE_SEED, 'probe negotiation', seed)));
  const table = new Table({ game, positions, players, uniforms: random(PROBE_SEED, 'probe token'), ...(signal && { signal }) });
  try {
    const played = await play(positions, (pending) => table.answer(pending));
    return probes.map(({ name }, n) => {
      const [first, second] = players[n]!;
      return [name, negotiationText({ name, game, players: [first.name, second.name] }, played[n]!)];
    });
  } finally {
    table.close();
  }
}
