import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of an archive; `type` is tar's type flag. */
export interface Packed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type?: string;
}

/** A tar archive (POSIX ustar). */
export function tarOf(files: readonly Packed[]): Buffer {
  const blocks = files.flatMap(({ name, bytes, type = '0' }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write('ustar\0', 257);
    header.write('00', 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A saved adapter as servers pack it. */
export async function adapterArchive(folder: string): Promise<Buffer> {
  const names = ['adapter_config.json', 'adapter_model.safetensors'];
  const files = await Promise.all(names.map(async (name) => ({ name: `./${name}`, bytes: await readFile(join(folder, name)) })));
  return gzipSync(tarOf([{ name: './', bytes: new Uint8Array(), type: '5' }, ...files]));
}
