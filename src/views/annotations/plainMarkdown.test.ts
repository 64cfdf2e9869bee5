import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainMarkdown } from './plainMarkdown';

describe('Markdown of an annotation', () => {
  it('shows markup, fetches no image, hides nothing', () => {
    expect(plainMarkdown('the <end> token, **bold** `<b>` and #tag')).toBe('the &lt;end> token, **bold** `<b>` and #tag');
    expect(plainMarkdown('![x](https://example.com/x.png)')).toBe('&#33;[x](https://example.com/x.png)');
    expect(plainMarkdown('\\![x](u) `![x](u)`')).toBe('\\&#33;[x](u) `&#33;[x](u)`');
    expect(plainMarkdown('a\u202eb\u001b[31m')).toBe('a\\u{202e}b\\u{1b}[31m');
    expect(plainMarkdown('```html\n<b>\n```\n<b>')).toBe('```html\n<b>\n```\n&lt;b>');
    expect(plainMarkdown('👨‍👩‍👧')).toBe('👨‍👩‍👧');
  });

  it('never leaves an image or a hidden character', () => {
    const pieces = fc.array(fc.constantFrom('!', '[', '](u)', '`', '```\n', '<', '\\', '\n', '\u202e', '\u0007', ' ', '|', '!['), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = plainMarkdown(parts.join(''));
        expect(text).not.toContain('![');
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});
