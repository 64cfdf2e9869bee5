import { describe, expect, it } from 'vitest';
import { hasRoom, type Load } from './room';

const load = (folder: string, threads = 1): Load => ({ folder, threads });

describe('hasRoom', () => {
  it('fills the cores, and no more', () => {
    const request = { next: load('n'), cores: 2, most: 0 };
    expect(hasRoom({ ...request, busy: [] })).toBe(true);
    expect(hasRoom({ ...request, busy: [load('a')] })).toBe(true);
    expect(hasRoom({ ...request, busy: [load('a'), load('b')] })).toBe(false);
    expect(hasRoom({ ...request, busy: [load('a', 2)] })).toBe(false);
    expect(hasRoom({ ...request, busy: [load('a'), load('a')] })).toBe(true);
  });

  it('lets one that wants more cores than there are start alone', () => {
    expect(hasRoom({ next: load('n', 16), busy: [], cores: 2, most: 0 })).toBe(true);
    expect(hasRoom({ next: load('n', 16), busy: [load('a')], cores: 2, most: 0 })).toBe(false);
  });

  it('keeps to the number that the reader set', () => {
    expect(hasRoom({ next: load('n'), busy: [load('a')], cores: 64, most: 1 })).toBe(false);
    expect(hasRoom({ next: load('n'), busy: [load('a')], cores: 64, most: 2 })).toBe(true);
  });
});
