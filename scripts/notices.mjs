// Writes ThirdPartyNotices.txt: the licence of every package that is bundled into dist/ or shipped beside it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** Shipped as they are, not bundled. */
const shippedWhole = ['node_modules/onnxruntime-node', 'node_modules/onnxruntime-common'];

/** Texts for packages that name a licence but carry no file with it. */
const mit = (/** @type {string} */ holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
const withoutFile = new Map([
  ['onnxruntime-node', mit('Microsoft Corporation')],
  ['onnxruntime-common', mit('Microsoft Corporation')],
]);

/** The package folder that a bundled file belongs to, such as `node_modules/@preact/signals`; `undefined` for our own files. */
function packageFolder(/** @type {string} */ input) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input.replaceAll('\\', '/'))?.[0];
}

/** @param {string} folder */
function notice(folder) {
  const at = path.join(root, folder);
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(at, 'package.json'), 'utf8'));
  const file = readdirSync(at).find((entry) => /^(licen[cs]e|copying)(\.|-|$)/i.test(entry) && !/\.(js|ts)$/.test(entry));
  const text = file && existsSync(path.join(at, file)) ? readFileSync(path.join(at, file), 'utf8').trim() : undefined;
  const holder = typeof author === 'string' ? author : author?.name;
  const known = text ?? withoutFile.get(name) ?? (license === 'MIT' && holder ? mit(holder) : undefined);
  if (known === undefined) throw new Error(`${name} ${version} (${license}) carries no licence file; add its text to scripts/notices.mjs`);
  return { title: `${name} ${version} (${license})`, text: known.replaceAll('\r\n', '\n') };
}

/**
 * Writes ThirdPartyNotices.txt for the packages that went into the bundles.
 * @param {readonly import('esbuild').Metafile[]} metafiles
 */
export function writeNotices(metafiles) {
  const folders = new Set(shippedWhole);
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
        const folder = packageFolder(input);
        if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  const notices = [...folders].map(notice).sort((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0));
  const rule = '-'.repeat(80);
  const body = notices.map(({ title, text }) => `${rule}\n${title}\n${rule}\n\n${text}\n`).join('\n');
  writeFileSync(path.join(root, 'ThirdPartyNotices.txt'), `Parley contains the following software.\n\n${body}`);
}
