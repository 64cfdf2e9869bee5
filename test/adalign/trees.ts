import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { temporary } from './folders';

/** Plain data as a pickle of Python holds it; typed arrays stand for tensors. */
export type Python =
  | null
  | boolean
  | number
  | string
  | readonly Python[]
  | { readonly [key: string]: Python }
  | Float32Array
  | BigInt64Array;
/** Pickles plain data, protocol 4; typed arrays become tensors. */
const pickle = (value: Python): Buffer => {
  const parts: Buffer[] = [Buffer.of(0x80, 4)];
  const u32 = (n: number): Buffer => {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(n);
    return b;
  };
  const put = (...bytes: (number | string | Uint8Array)[]): void => {
    for (const b of bytes)
      parts.push(typeof b === 'number' ? Buffer.of(b) : typeof b === 'string' ? Buffer.from(b, 'latin1') : Buffer.from(b));
  };
  const text = (s: string): void => put('X', u32(Buffer.byteLength(s)), Buffer.from(s));
  const write = (v: Python): void => {
    if (v === null) put('N');
    else if (typeof v === 'boolean') put(v ? 0x88 : 0x89);
    else if (typeof v === 'string') text(v);
    else if (typeof v === 'number') {
      const b = Buffer.alloc(8);
      b.writeDoubleBE(v);
      if (Number.isInteger(v)) put('J', u32(v >>> 0));
      else put('G', b);
    } else if (v instanceof Float32Array || v instanceof BigInt64Array) {
      const type = v instanceof Float32Array ? 'FloatStorage' : 'LongStorage';
      const id = Buffer.concat([
        Buffer.from('\x80\x02(X\x07\0\0\0storage', 'latin1'),
        Buffer.from(`ctorch\n${type}\n`),
        Buffer.from('X\x01\0\0\x000X\x03\0\0\0cpuJ', 'latin1'),
        u32(v.length),
        Buffer.from('tQ.'),
      ]);
      const archive = zipSync({ a: { 'data.pkl': id, data: { '0': new Uint8Array(v.buffer) } } }, { level: 0 });
      put(
        'ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\nB',
        u32(archive.length),
        archive,
        0x85,
        'RK\0J',
        u32(v.length),
        0x85,
        'K\x01',
        0x85,
        0x89,
        'ccollections\nOrderedDict\n)RtR',
      );
    } else if (Array.isArray(v)) {
      put('](');
      v.forEach(write);
      put('e');
    } else {
      put('}(');
      for (const [key, item] of Object.entries(v)) {
        text(key);
        write(item);
      }
      put('u');
    }
  };
  write(value);
  put('.');
  return Buffer.concat(parts);
};
/** A chat turn that a seat reads. */
export const user = (content: string, ids: bigint[] = [1n, 2n]): Python => ({
  role: 'user',
  agent_id: 'x',
  content,
  reasoning_content: null,
  chat_template_token_ids: BigInt64Array.from(ids),
  out_token_ids: null,
  log_probs: null,
  is_state_end: true,
});
/** A chat turn that an agent says. */
export const said = (content: string, ids: bigint[] = [5n]): Python => ({
  role: 'assistant',
  agent_id: 'x',
  content,
  reasoning_content: null,
  chat_template_token_ids: null,
  out_token_ids: BigInt64Array.from(ids),
  log_probs: new Float32Array(ids.length).fill(-0.5),
  is_state_end: false,
});
/** A node of a rollout tree. */
export const step = (
  time_step: number,
  chats: Record<string, Python[]>,
  rewards: Record<string, number>,
  info: Python,
  child: Python = null,
): Record<string, Python> => ({
  step_log: {
    action_logs: Object.fromEntries(Object.entries(chats).map(([agent, chat_turns]) => [agent, { chat_turns, info: null }])),
    simulation_step_log: { rewards, info },
  },
  time_step,
  child,
});
/** Writes trees as the one iteration of a run, and gives its folder. */
export const run = (trees: readonly { readonly [key: string]: Python }[]): string => {
  const folder = temporary();
  mkdirSync(join(folder, 'seed_0/iteration_000'), { recursive: true });
  for (const tree of trees) writeFileSync(join(folder, 'seed_0/iteration_000', `mgid_${tree.id}.rt.pkl`), pickle(tree));
  return folder;
};
/** A round of the IPD as a node. */
export const ipd = (a: 'C' | 'D', b: 'C' | 'D', child: Python = null, names = ['Alice', 'Bob']): Record<string, Python> => {
  const [x, y] = names as [string, string];
  const points = { CC: [3, 3], CD: [0, 5], DC: [5, 0], DD: [1, 1] }[`${a}${b}`]!;
  return step(
    0,
    { [x]: [user('go'), said(a)], [y]: [user('go'), said(b)] },
    { [x]: points[0]!, [y]: points[1]! },
    { actions: { [x]: a, [y]: b } },
    child,
  );
};
