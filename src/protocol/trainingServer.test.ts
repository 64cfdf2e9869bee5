import { describe, expect, it } from 'vitest';
import { isLoopback, keyRefusal, serverUrl } from './trainingServer';

describe('where a key may go', () => {
  it.each(['http://127.0.0.1:8000', 'http://localhost', 'http://LOCALHOST:80/api/v1', 'http://[::1]:8000', 'http://127.9.8.7'])(
    '%s is this machine',
    (url) => {
      expect([isLoopback(url), keyRefusal(url, 'key')]).toEqual([true, null]);
    },
  );

  it.each([
    'http://10.0.0.7:8000',
    'http://127.0.0.1.example.org',
    'http://localhost.example.org',
    'http://127.0.0.1@example.org',
    'http://0.0.0.0:8000',
  ])('%s is not, and gets no key in clear', (url) => {
    expect(isLoopback(url)).toBe(false);
    expect(keyRefusal(url, 'key')).toMatch(/the key would travel in clear/);
    expect(keyRefusal(url, undefined)).toBeNull();
  });

  it('goes over https to anywhere', () => {
    expect(keyRefusal('https://tinker.example.org', 'key')).toBeNull();
  });

  it.each([
    ['https://key@tinker.example.org', 'a key does not belong in a URL'],
    ['https://tinker.example.org/?key=1', 'give the URL without ? and #'],
    ['file:///etc', 'give an http or https URL'],
    ['127.0.0.1:8000', 'give an http or https URL'],
  ])('%s is no server’s address', (url, why) => {
    expect(serverUrl.safeParse(url).error?.issues[0]?.message).toContain(why);
  });
});
