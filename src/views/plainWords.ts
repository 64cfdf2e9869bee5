import { lineText } from '../domain/tokens/visibleText';

/**
 * Words of files and models, for a place where VS Code reads links (notifications, prompts of input boxes; those of commands run) or
 * icons (quick picks, lenses, the status bar): they show as they are written but for a space that keeps them from being either.
 */
export function plainWords(text: string): string {
  return lineText(text).replaceAll('](', '] (').replaceAll('$(', '$ (');
}
