import { main } from '../../src/cli/main';
import { mediaFolder } from '../../src/runs/media';

/** Runs a command line to its end, as `parley WORDS` would: on one core, and without a trainer to start. */
export async function runCommandLine(words: readonly string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(words, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    live: false,
    columns: 100,
    readAll: async () => stdin,
    media: mediaFolder(__dirname),
    trainerScript: '',
    cores: 1,
  });
  return { code, out: out.join(''), err: err.join('') };
}
