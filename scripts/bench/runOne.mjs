// Runs one bundled benchmark in this process: `node runOne.mjs BUNDLE RESULT-FILE SETTINGS-JSON`.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [bundle, resultFile, settings] = process.argv.slice(2);
if (bundle === undefined || resultFile === undefined || settings === undefined)
  throw new Error('usage: runOne.mjs BUNDLE RESULT-FILE SETTINGS-JSON');
const { default: benchmark } = await import(pathToFileURL(bundle).href);
const measurements = await benchmark.run(JSON.parse(settings));
for (const { measure, value } of measurements) if (!Number.isFinite(value)) throw new Error(`${measure} was measured as ${value}`);
writeFileSync(resultFile, JSON.stringify(measurements));
process.exit(0);
