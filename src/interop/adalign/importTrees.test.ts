import { describe, expect, it } from 'vitest';
import { AA, all } from '../../../test/adalign/folders';
import { ipd, type Python, run, said, step, user } from '../../../test/adalign/trees';
import { summarise } from './index';

describe('trees that the fixtures do not have', () => {
  it('groups time steps into rounds by their mark', async () => {
    const round = (child: Python): Python =>
      step(
        0,
        { Alice: [user('speak'), said('hello', [7n, 8n])], Bob: [user('wait')] },
        { Alice: 0, Bob: 0 },
        { type: 'message', is_last_timestep_in_round: false },
        step(
          1,
          { Alice: [user('wait')], Bob: [user('speak'), said('hi')] },
          { Alice: 0, Bob: 0 },
          { type: 'message', is_last_timestep_in_round: false },
          step(
            2,
            { Alice: [user('split'), said('5')], Bob: [user('split'), said('6')] },
            { Alice: 50, Bob: 6 },
            {
              quantities: { coins: 10 },
              values: { Alice: 10, Bob: 1 },
              hands: { Alice: 'rock', Bob: 'scissors' },
              splits: { Alice: { items_given_to_self: { coins: 5 } }, Bob: null },
              is_last_timestep_in_round: true,
            },
            child,
          ),
        ),
      );
    const [iteration] = await all(run([{ id: 0, crn_id: 3, child: round(round(null)), agent_ids: ['Alice', 'Bob'] }]));
    expect(iteration!.rows.map((row) => `${row.round} ${row.agent} ${row.kind} ${row.text} ${row.valid} ${row.reward}`)).toEqual([
      '0 alice message hello true 50',
      '0 bob message hi true 6',
      '0 alice action 5 true 50',
      '0 bob action 6 false 6',
      '1 alice message hello true 50',
      '1 bob message hi true 6',
      '1 alice action 5 true 50',
      '1 bob action 6 false 6',
    ]);
    expect(iteration!.rows[2]!.prompt).toBe('wait\nsplit');
    expect(iteration!.rows[0]!.token_texts).toEqual(['hello', '']);
    expect(iteration!.outcomes[0]![0]!.messages).toEqual([
      { seat: 0, text: 'hello' },
      { seat: 1, text: 'hi' },
    ]);
    expect(iteration!.summaries.invalid).toEqual([2]);
  });

  it('keeps branches apart from the main path', async () => {
    const branched = (main: Record<string, Python>, branches: Python): Python => ({ main_child: main, branches });
    const tree = {
      id: 4,
      crn_id: 3,
      child: branched(ipd('C', 'C', branched(ipd('C', 'D'), { Bob: [ipd('C', 'C')] })), {
        Alice: [ipd('D', 'C', ipd('D', 'D')), ipd('C', 'C')],
        Bob: [],
      }),
      agent_ids: ['Alice', 'Bob'],
    };
    const folder = run([tree]);
    const [iteration] = await all(folder);
    expect(iteration!.rows.map(({ text }) => text).join('')).toBe('CCCD');
    expect(iteration!.branches.map(({ seat, rows }) => `${seat} ${rows.map((row) => `${row.round}${row.text}`).join(' ')}`)).toEqual([
      '0 0D 0C 1D 1D',
      '0 0C 0C',
      '1 1C 1C',
    ]);
    // What comes before is shared; a round that is ended otherwise would have the branch's points.
    expect(iteration!.branches.map(({ shared }) => shared.map((row) => `${row.round}${row.text} ${row.reward}`))).toEqual([
      [],
      [],
      ['0C 3', '0C 3'],
    ]);
    expect((await summarise(folder)).assistantTurns).toBe(4);
  });

  it('tells buffered and scripted players, and gives these their acts', async () => {
    const silent = step(
      0,
      { Alice: [], buffer_Bob: [user('go'), said('<B>')] },
      { Alice: 0, buffer_Bob: 5 },
      { actions: { Alice: 'C', buffer_Bob: 'D' } },
    );
    const [iteration] = await all(run([{ id: 0, crn_id: 1, child: silent, agent_ids: ['Alice', 'buffer_Bob'] }]));
    expect(iteration!.rows.map((row) => [row.agent, row.player, row.trained, row.kind, row.action, row.token_ids.length])).toEqual([
      ['bob', 'snapshot', false, 'action', '{"kind":"choice","choice":"B"}', 1],
      ['alice', 'scripted', false, 'action', '{"kind":"choice","choice":"A"}', 0],
    ]);
    expect((await summarise(run([{ id: 0, crn_id: 1, child: silent, agent_ids: ['Alice', 'buffer_Bob'] }]))).totalReward).toEqual({
      Alice: 0,
      buffer_Bob: 5,
    });
  });

  it('takes negotiations of differing length for batches of their own', async () => {
    const trees = [ipd('C', 'C'), ipd('C', 'D'), ipd('C', 'C', ipd('D', 'D'))].map((child, id) => ({
      id,
      crn_id: 9,
      child,
      agent_ids: ['Alice', 'Bob'],
    }));
    const [iteration] = await all(run(trees), { ...AA, rewardScale: 1 });
    expect(iteration!.rows.filter(({ seat, round }) => seat === 0 && round === 0).map((row) => row.own_advantage[0])).toEqual([
      3,
      -3,
      expect.closeTo(3.96, 12),
    ]);
  });

  it('refuses trees of other than two agents, and shared objects that multiply', async () => {
    const three = { id: 0, crn_id: 1, child: ipd('C', 'C'), agent_ids: ['Alice', 'Bob', 'Carol'] };
    const summary = await summarise(
      run([three, { id: 1, crn_id: 1, child: ipd('C', 'C', { main_child: { main_child: null } }), agent_ids: ['Alice', 'Bob'] }]),
    );
    expect(summary.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('3 agents'),
      expect.stringContaining('branch node within a branch node'),
    ]);
    expect(summary.negotiations).toBe(0);
  });
});
