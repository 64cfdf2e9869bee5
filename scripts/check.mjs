// `npm run check`: types (every project, so that the walls hold), format and lint. Both run, so that one command shows all there is to mend.
import path from 'node:path';
import { root } from './prepare.mjs';
import { run } from './processGroup.mjs';

const tools = [
  [path.join(root, 'node_modules/typescript/bin/tsc'), '-b'],
  [path.join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.'],
];
let failed = false;
for (const tool of tools) {
  const { code } = await run(process.execPath, tool, { cwd: root, seconds: 180 });
  failed ||= code !== 0;
}
process.exit(failed ? 1 : 0);
