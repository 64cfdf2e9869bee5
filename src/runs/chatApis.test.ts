import { describe, expect, it } from 'vitest';
import { endpointsAmong, keysOf, readApis, whyUnreachable } from './chatApis';

const LAB = { baseUrl: 'https://lab.example/v1', model: 'm', keyVariable: 'LAB_KEY' };
const LOCAL = { baseUrl: 'http://localhost:8000/v1', model: 'q' };

describe('the endpoints of the settings', () => {
  it('are read one by one: a wrong one takes no other with it, and one line names its field', () => {
    const { apis, problems } = readApis({
      lab: LAB,
      local: LOCAL,
      ftp: { ...LAB, baseUrl: 'ftp://lab.example' },
      keyed: { ...LAB, keyVariable: 'sk-123' },
      spelt: { ...LAB, retrys: 3 },
      'two words': LAB,
      none: null,
    });
    expect(Object.keys(apis)).toEqual(['lab', 'local']);
    expect(apis.lab?.retries).toBe(6);
    expect(Object.fromEntries(problems)).toEqual({
      ftp: 'parley.apis.ftp.baseUrl: give an http or https URL, such as https://api.openai.com/v1',
      keyed: 'parley.apis.keyed.keyVariable: give the name of an environment variable, not the key itself',
      spelt: expect.stringMatching(/^parley\.apis\.spelt: .*retrys/),
      'two words': 'parley.apis.two words: name an endpoint with letters, digits, dots and dashes',
      none: expect.stringMatching(/^parley\.apis\.none: /),
    });
  });

  it('are none where the setting is not set, or no object', () => {
    expect(readApis(undefined).problems.size).toBe(0);
    expect([...readApis(['x']).problems.values()][0]).toMatch(/^parley\.apis: give an object/);
  });
});

describe('keys', () => {
  const { apis } = readApis({
    lab: LAB,
    more: { ...LAB, model: 'n' },
    other: { ...LAB, baseUrl: 'https://other.example/v1' },
    local: LOCAL,
  });

  it('go by the origin, a stored one before the environment’s', () => {
    const stored = new Map([['https://lab.example', 'stored']]);
    expect(keysOf(apis, stored, { LAB_KEY: 'env' })).toEqual({ lab: 'stored', more: 'stored', other: 'env' });
    expect(keysOf(apis, new Map(), { LAB_KEY: '' })).toEqual({});
  });

  it('that are missing are said so before anybody plays', () => {
    const read = readApis({ lab: LAB, local: LOCAL, wrong: {} });
    expect(whyUnreachable('lab', read, { lab: 'k' })).toBeNull();
    expect(whyUnreachable('local', read, {})).toBeNull();
    expect(whyUnreachable('lab', read, {})).toBe(
      'api:lab has no key: choose Set API Key…, or put it into the environment variable LAB_KEY',
    );
    expect(whyUnreachable('wrong', read, {})).toMatch(/^parley\.apis\.wrong\.baseUrl: /);
    expect(whyUnreachable('gpt', read, {})).toBe('api:gpt is not set up: describe it in the setting parley.apis');
    expect(whyUnreachable('gpt', readApis(3), {})).toMatch(/^parley\.apis: give an object/);
    expect(endpointsAmong(['seed', 'api:lab', '/runs/api:x@3'])).toEqual(['lab']);
  });
});
