import { expect, it } from 'vitest';
import { escapeMarkup } from './markup';

it('leaves nothing that begins a tag, an entity or ends an attribute', () => {
  expect(escapeMarkup(`<a href="x" >R&D &amp;`)).toBe('&lt;a href=&quot;x&quot; &gt;R&amp;D &amp;amp;');
  expect(escapeMarkup('tit-for-tat 🤝')).toBe('tit-for-tat 🤝');
});
