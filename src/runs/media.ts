import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder that holds presets and the embedded policy: the nearest `media` above a file of the product,
 * which is the same whether that file is a bundle in dist/ or a source file in src/.
 * @throws Error when there is none, which means a broken installation.
 */
export function mediaFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const media = join(folder, 'media');
    if (existsSync(join(media, 'presets'))) return media;
    if (dirname(folder) === folder) throw new Error(`no media/presets above ${from}: the installation is not whole; install Parley again`);
  }
}
