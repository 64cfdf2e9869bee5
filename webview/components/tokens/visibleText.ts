/** A token's text with every character in sight: spaces as `·`, line ends as `↵`, control and format characters by number. */
export function visibleText(text: string): string {
  if (text === '') return '∅';
  return text.replace(/[\s\p{Cc}\p{Cf}\uFFFD]/gu, (character) => {
    switch (character) {
      case ' ':
        return '·';
      case '\n':
        return '↵';
      case '\t':
        return '⇥';
      case '\uFFFD':
        return '⸮';
      default:
        return `\\u{${character.codePointAt(0)!.toString(16)}}`;
    }
  });
}

/** A token's text as it stands in a turn: what would be invisible, or would turn the line around, is escaped; spaces stay. */
export function inlineText(text: string): string {
  if (text === '') return '∅';
  return text.replace(/(?! )[\s\p{Cc}\p{Cf}]/gu, (character) => (character === '\n' ? '↵\n' : visibleText(character)));
}
