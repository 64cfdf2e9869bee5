import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainWords } from './plainWords';

/** What VS Code 1.139 takes for a link in a notification or a prompt, and for an icon in a label. */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
const ICON = /\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/;

describe('plainWords', () => {
  it('leaves no link and no icon, and all else as it is', () => {
    expect(plainWords('run aa, seed 0: 3 of 5 (60 %) [sic]')).toBe('run aa, seed 0: 3 of 5 (60 %) [sic]');
    expect(plainWords('[Open](command:workbench.action.terminal.new)')).toBe('[Open] (command:workbench.action.terminal.new)');
    expect(plainWords('$(trash) gone')).toBe('$ (trash) gone');
    expect(plainWords('\u202eback\u001b[31m\nnext')).toBe('\\u{202e}back\\u{1b}[31m↵next');
  });

  it('holds for whatever is pieced together', () => {
    const pieces = fc.constantFrom(
      '[',
      ']',
      '(',
      ')',
      '$',
      'command:x',
      'https://e.x',
      'file:///a',
      ' ',
      '"t"',
      'trash',
      '\u200b',
      '\u202e',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 24 }), (words) => {
        const text = plainWords(words.join(''));
        expect(text).not.toMatch(LINK);
        expect(text).not.toMatch(ICON);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});

describe('Notifications', () => {
  it('are raised by notices.ts alone, which makes their words plain; dialogs in front of everything have no links', () => {
    const source = path.join(__dirname, '..');
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /^(commands|views)\/.*\.ts$/.test(file));
    const raised = files.flatMap((file) =>
      [...readFileSync(path.join(source, file), 'utf8').matchAll(/window\s*\.show(?:Error|Warning|Information)Message\((.{0,200})/gs)]
        .filter(([, words = '']) => !words.includes('modal: true'))
        .map(() => file),
    );
    expect(new Set(raised)).toEqual(new Set(['views/notices.ts']));
  });
});
