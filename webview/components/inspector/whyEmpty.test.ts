import { describe, expect, it } from 'vitest';
import type { CurvePoint } from '../../../src/protocol/webview';
import { kindsByDefault } from './curveKinds';
import { whyEmpty } from './whyEmpty';

const run = (id: string, iteration: number, status: 'live' | 'finished' | 'stopped' = 'finished') => ({ run: id, iteration, status });
const read = (...ids: string[]) => new Map(ids.map((id) => [id, [] as readonly CurvePoint[]]));

describe('whyEmpty', () => {
  it('tells what is to come from what is not there', () => {
    expect(whyEmpty([], read(), 'Entropy')).toBe('Every run is switched off above.');
    expect(whyEmpty([run('a', 0, 'live')], read('a'), 'Entropy')).toMatch(/^The first iteration is under way/);
    expect(whyEmpty([run('a', 0, 'stopped')], read('a'), 'Entropy')).toMatch(/^No iteration is committed/);
    expect(whyEmpty([run('a', 3)], read(), 'Entropy')).toBe('Reading the iterations …');
    expect(whyEmpty([run('a', 3)], read('a'), 'Entropy')).toBe('Entropy: not recorded in this run.');
    expect(whyEmpty([run('a', 3), run('b', 0, 'live')], read('a'), 'Entropy')).toBe('Entropy: not recorded in these runs.');
  });
});

describe('kindsByDefault', () => {
  it('takes the standard measures, and others where a run has no numbers for some of them', () => {
    expect(kindsByDefault('ipd', [])).toEqual(['reward', 'cooperation', 'entropy', 'rmsAlignment']);
    const there = ['reward', 'cooperation', 'efficiency', 'joint', 'kl', 'rmsAlignment'];
    expect(kindsByDefault('ipd', there)).toEqual(['reward', 'cooperation', 'efficiency', 'rmsAlignment']);
    expect(kindsByDefault('split', ['reward'])).toEqual(['reward', 'keptLess', 'entropy', 'rmsAlignment']);
  });
});
