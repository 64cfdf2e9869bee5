import { lineText } from '../../domain/tokens/visibleText';

/**
 * Markdown that means what it says: markup outside of code shows as it is written (it would vanish), images become links wherever
 * they stand (they would be fetched), and control and format characters show by number. Joined emoji stay joined.
 */
export function plainMarkdown(body: string): string {
  const lines = body.split('\n').map((line) => line.split('\u200d').map(lineText).join('\u200d'));
  let fence = '';
  return lines
    .map((line) => {
      const [, mark = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
      const isFence = mark !== '' && (fence === '' || mark.startsWith(fence));
      if (isFence) fence = fence === '' ? mark : '';
      return isFence || fence !== '' ? line : withoutMarkup(line);
    })
    .join('\n')
    .replaceAll('![', '&#33;[');
}

/** Code stays as it is; taking for code what is none costs nothing, since markup that is left does not run. */
function withoutMarkup(line: string): string {
  return line.replace(/(`+)[^`]+\1(?!`)|</g, (found) => (found === '<' ? '&lt;' : found));
}
