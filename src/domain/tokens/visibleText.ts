/**
 * What a reader would not see, or what turns a line around: white space but the space, control characters (ANSI escapes begin with
 * one), format characters (bidirectional controls, joiners, tags), halves of surrogate pairs, and letters that are drawn as nothing.
 */
const UNSEEN = /(?! )(?:[\s\p{Cc}\p{Cf}\p{Cs}]|\u034F|\u115F|\u1160|\u2800|\u3164|\uFFA0)/gu;

/** A token's text with every character in sight: spaces as `·`, line ends as `↵`, control and format characters by number. */
export function visibleText(text: string): string {
  if (text === '') return '∅';
  return text.replaceAll(' ', '·').replaceAll('\uFFFD', '⸮').replace(UNSEEN, sign);
}

/** A token's text as it stands in a turn: what would be invisible, or would turn the line around, is escaped; spaces stay. */
export function inlineText(text: string): string {
  if (text === '') return '∅';
  return text.replace(UNSEEN, (character) => (character === '\n' ? '↵\n' : sign(character)));
}

/** Words from a file, for one line of a list or a heading: escaped, and without line ends. */
export function lineText(text: string): string {
  return text.replace(UNSEEN, sign);
}

function sign(character: string): string {
  if (character === '\n') return '↵';
  if (character === '\t') return '⇥';
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
