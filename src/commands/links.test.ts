import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkTo, placeOf } from './links';

describe('links', () => {
  it('lead back to the place they were made of', () => {
    const number = fc.option(fc.nat(), { nil: undefined });
    const places = fc.record({ run: fc.string({ unit: 'grapheme' }), iteration: number, negotiation: number, turn: number });
    fc.assert(
      fc.property(places, (place) => {
        const url = new URL(linkTo('vscode', 'parley.parley', place));
        expect(placeOf(url.pathname, url.search.slice(1))).toEqual(JSON.parse(JSON.stringify(place)));
      }),
    );
  });

  it('read as design says', () => {
    expect(linkTo('vscode-insiders', 'parley.parley', { run: 'a b', iteration: 3, negotiation: 0 })).toBe(
      'vscode-insiders://parley.parley/open?run=a+b&iteration=3&negotiation=0',
    );
  });

  it.each([
    ['/train', 'run=a', '/train is no Parley link: it has to be /open?run=…'],
    ['/open', 'iteration=3', "the link's run is missing or no number"],
    ['/open', 'run=a&iteration=three', "the link's iteration is missing or no number"],
    ['/open', 'run=a&iteration=-1', "the link's iteration is missing or no number"],
  ])('are refused in one line: %s?%s', (path, query, message) => {
    expect(() => placeOf(path, query)).toThrow(message);
  });
});
