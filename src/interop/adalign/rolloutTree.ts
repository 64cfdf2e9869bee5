import type { Pair, Seat } from '../../domain/seat';
import { PyDict, PyObject, type PyValue } from './pickleData';
import { Tensor } from './torchTensor';

/** A rollout file that is data but no negotiation of two agents; the message names the place in the tree. */
export class RolloutTreeError extends Error {
  override readonly name = 'RolloutTreeError';
}

/** One negotiation as AdAlignLLM keeps it. */
export interface RolloutTree {
  /** Number of the Markov game, over the whole run. */
  readonly id: number;
  /** Number of the common random numbers: equal in a seed group. */
  readonly crnId: number;
  /** In seat order. */
  readonly agents: Pair<string>;
  readonly steps: readonly Step[];
  /** Where one agent was made to act otherwise, from there on. */
  readonly branches: readonly Branch[];
}

/** A path that leaves the main one. */
export interface Branch {
  readonly seat: Seat;
  /** Steps of the main path that come before it. */
  readonly after: number;
  readonly steps: readonly Step[];
}

/** One time step: a round, or a part of one where the run was not grouped by round. */
export interface Step {
  readonly turns: Pair<readonly ChatTurn[]>;
  /** Points. */
  readonly rewards: Pair<number>;
  /** What the simulation noted, game by game. */
  readonly info: PyDict | null;
}

/** One entry of an agent's chat. */
export interface ChatTurn {
  readonly produced: boolean;
  readonly content: string;
  /** Tokens of it in the chat: those produced, or those of the template around what the agent was shown. */
  readonly tokens: Tensor | null;
  /** Under the sampling policy, nats; of produced turns. */
  readonly logProbs: Tensor | null;
}

/** Paths off the main one that are read of one file. */
const MAX_BRANCHES = 1_000;
/** Nodes, numbers and characters that are read of one file, over all paths: an object may be referred to many times. */
const MAX_NODES = 50_000;
const MAX_NUMBERS = 4_000_000;
const MAX_CHARACTERS = 16_000_000;

/**
 * The negotiation in what `readRolloutPickle` read.
 * @throws RolloutTreeError
 */
export function rolloutTree(data: PyValue): RolloutTree {
  const root = dictAt(data, 'the file');
  const agents = listAt(root.get('agent_ids'), 'agent_ids').map((agent) => textAt(agent, 'agent_ids'));
  if (agents.length !== 2 || agents[0] === agents[1]) {
    throw new RolloutTreeError(`has ${agents.length} agents in agent_ids; negotiations of two are read`);
  }
  const reader = new PathReader([agents[0]!, agents[1]!]);
  const steps = reader.path(root.get('child') ?? null, 'child', true);
  if (steps.length === 0) throw new RolloutTreeError('has no time step in child');
  return {
    id: integerAt(root.get('id'), 'id'),
    crnId: integerAt(root.get('crn_id'), 'crn_id'),
    agents: reader.agents,
    steps,
    branches: reader.branches,
  };
}

class PathReader {
  readonly branches: Branch[] = [];
  #nodes = 0;
  #numbers = 0;
  #characters = 0;

  constructor(readonly agents: Pair<string>) {}

  /** Steps from a node on, along `child` and `main_child`. */
  path(from: PyValue, where: string, main: boolean): Step[] {
    const steps: Step[] = [];
    const shown = main ? where : `${where}.…`;
    let value = from;
    while (value !== null) {
      if (++this.#nodes > MAX_NODES) throw new RolloutTreeError(`has more than ${MAX_NODES} time steps`);
      let node = dictAt(value, shown);
      if (node.has('main_child')) {
        if (main) this.#branches(node.get('branches') ?? null, steps.length);
        node = dictAt(node.get('main_child'), `${shown}.main_child`);
        // A branch node wraps a time step: another one inside would let a short file walk long.
        if (node.has('main_child')) throw new RolloutTreeError(`has a branch node within a branch node at ${shown}`);
      }
      steps.push(this.#step(dictAt(node.get('step_log'), `${shown}.step_log`), `step ${steps.length}`));
      value = node.get('child') ?? null;
    }
    return steps;
  }

  #branches(value: PyValue, after: number): void {
    if (value === null) return;
    for (const [agent, nodes] of dictAt(value, 'branches').entries()) {
      const seat = this.agents.indexOf(String(agent));
      if (seat !== 0 && seat !== 1) throw new RolloutTreeError(`has branches of ${shorten(String(agent))}, who is none of its agents`);
      for (const node of listAt(nodes, 'branches')) {
        if (this.branches.length >= MAX_BRANCHES) throw new RolloutTreeError(`has more than ${MAX_BRANCHES} branches`);
        this.branches.push({ seat, after, steps: this.path(node, 'branches', false) });
      }
    }
  }

  #step(log: PyDict, where: string): Step {
    const actions = dictAt(log.get('action_logs'), `action_logs of ${where}`);
    const simulation = dictAt(log.get('simulation_step_log'), `simulation_step_log of ${where}`);
    const rewards = dictAt(simulation.get('rewards'), `rewards of ${where}`);
    const info = simulation.get('info') ?? null;
    const each = <T>(read: (agent: string) => T): Pair<T> => [read(this.agents[0]), read(this.agents[1])];
    return {
      turns: each((agent) => this.#count(chatTurns(actions.get(agent), `chat_turns of ${agent} in ${where}`))),
      rewards: each((agent) => numberAt(rewards.get(agent), `rewards of ${agent} in ${where}`)),
      info: info instanceof PyDict ? info : null,
    };
  }

  #count(turns: ChatTurn[]): ChatTurn[] {
    for (const { content, tokens, logProbs } of turns) {
      this.#characters += content.length;
      this.#numbers += (tokens?.length ?? 0) + (logProbs?.length ?? 0);
    }
    if (this.#characters > MAX_CHARACTERS) throw new RolloutTreeError(`has more than ${MAX_CHARACTERS} characters of chat`);
    if (this.#numbers > MAX_NUMBERS) throw new RolloutTreeError(`has more than ${MAX_NUMBERS} token ids and log-probabilities`);
    return turns;
  }
}

function chatTurns(value: PyValue | undefined, where: string): ChatTurn[] {
  if (value === undefined || value === null) return [];
  const turns = dictAt(value, where).get('chat_turns') ?? null;
  return turns === null ? [] : listAt(turns, where).map((turn) => chatTurn(dictAt(turn, where), where));
}

function chatTurn(turn: PyDict, where: string): ChatTurn {
  const role = textAt(turn.get('role'), `role in ${where}`);
  if (role !== 'user' && role !== 'assistant')
    throw new RolloutTreeError(`has role "${shorten(role)}" in ${where}; user and assistant are known`);
  const produced = role === 'assistant';
  const tokens = tensorAt(turn.get(produced ? 'out_token_ids' : 'chat_template_token_ids'), `token ids in ${where}`);
  const logProbs = produced ? tensorAt(turn.get('log_probs'), `log_probs in ${where}`) : null;
  if (logProbs !== null && logProbs.length !== (tokens?.length ?? 0)) {
    throw new RolloutTreeError(`has ${logProbs.length} log_probs for ${tokens?.length ?? 0} out_token_ids in ${where}`);
  }
  return { produced, content: textAt(turn.get('content'), `content in ${where}`), tokens, logProbs };
}

function dictAt(value: PyValue | undefined, where: string): PyDict {
  if (!(value instanceof PyDict)) throw wrong(value, where, 'a dict');
  return value;
}

function listAt(value: PyValue | undefined, where: string): PyValue[] {
  if (!Array.isArray(value)) throw wrong(value, where, 'a list');
  return value;
}

function textAt(value: PyValue | undefined, where: string): string {
  if (typeof value !== 'string') throw wrong(value, where, 'a text');
  return value;
}

function integerAt(value: PyValue | undefined, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(value, where, 'an integer');
  return value;
}

function numberAt(value: PyValue | undefined, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(value, where, 'a number');
  return value;
}

function tensorAt(value: PyValue | undefined, where: string): Tensor | null {
  if (value === undefined || value === null) return null;
  if (!(value instanceof Tensor)) throw wrong(value, where, 'a tensor');
  return value;
}

function wrong(value: PyValue | undefined, where: string, wanted: string): RolloutTreeError {
  const found =
    value === undefined
      ? 'nothing'
      : value === null
        ? 'None'
        : value instanceof PyDict
          ? 'a dict'
          : Array.isArray(value)
            ? 'a list'
            : value instanceof PyObject
              ? 'an object'
              : `a ${typeof value}`;
  return new RolloutTreeError(`has ${found} where ${wanted} should be: ${where}`);
}

function shorten(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
}
