import { describe, expect, it } from 'vitest';
import { sampleConfig, sampleLine } from '../../test/runs/sampleRun';
import { sharingLists } from './sharedLists';

describe('sharingLists', () => {
  const config = sampleConfig({});
  it('changes no value, and holds equal lists once', () => {
    const first = sampleLine(config, 1, { rows: 16, bytes: 1 });
    const second = structuredClone(sampleLine(config, 2, { rows: 16, bytes: 1 }));
    const shared = sharingLists(second, first.negotiations);
    expect(shared).toEqual(second);
    expect(shared.negotiations!.group).toBe(first.negotiations!.group);
    expect(shared.negotiations!.player[1]).toBe(first.negotiations!.player[1]);
    expect(shared.negotiations!.reward).toBe(second.negotiations!.reward);
  });
  it('leaves alone what differs, and lines without negotiations', () => {
    const first = sampleLine(config, 1, { rows: 16, bytes: 1 });
    const other = { ...first, negotiations: { ...first.negotiations!, group: first.negotiations!.group.map((group) => group + 1) } };
    expect(sharingLists(other, first.negotiations).negotiations!.group).toBe(other.negotiations.group);
    expect(sharingLists(first, undefined)).toBe(first);
    const { negotiations: _, ...bare } = first;
    expect(sharingLists(bare, first.negotiations)).toBe(bare);
  });
});
