// A trainer process on the tabular engine, for crash.test.ts to kill: node crashChild.mjs FOLDER new|resume [OPPONENT]
import { runToy, toyConfig, toyParams } from './toyRun';

const [folder, start, opponent] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: crashChild FOLDER new|resume');
const fixed = opponent === undefined ? {} : { opponent, buffer: { enabled: false } };
const { ended } = await runToy(toyParams(folder, start === 'new' ? toyConfig({ iterations: 6, ...fixed }) : undefined));
process.stdout.write(`${ended.how}\n`);
