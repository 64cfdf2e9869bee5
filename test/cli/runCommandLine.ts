import { main } from '../../src/cli/main';
import type { Terminal } from '../../src/cli/terminal';
import { mediaFolder } from '../../src/runs/media';

/** What a test may change about the terminal; `onOut` sees stdout as it is written. */
type Setting = Partial<Pick<Terminal, 'trainerScript' | 'cores'>> & { readonly onOut?: (text: string) => void };

/** Runs a command line to its end, as `parley WORDS` would: on one core, and without a trainer to start. */
export async function runCommandLine(
  words: readonly string[],
  stdin = '',
  { onOut, ...setting }: Setting = {},
): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(words, {
    out: (text) => {
      out.push(text);
      onOut?.(text);
    },
    err: (text) => void err.push(text),
    live: false,
    columns: 100,
    readAll: async () => stdin,
    media: mediaFolder(__dirname),
    trainerScript: '',
    cores: 1,
    ...setting,
  });
  return { code, out: out.join(''), err: err.join('') };
}
