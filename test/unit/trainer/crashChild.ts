// A trainer process on the tabular engine, for crash.test.ts to kill: node crashChild.mjs FOLDER new|resume
import { runToy, toyConfig, toyParams } from './toyRun';

const [folder, start] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: crashChild FOLDER new|resume');
const { ended } = await runToy(toyParams(folder, start === 'new' ? toyConfig({ iterations: 6 }) : undefined));
process.stdout.write(`${ended.how}\n`);
