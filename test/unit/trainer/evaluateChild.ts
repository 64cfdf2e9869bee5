// An evaluation on the tabular engine, for evaluateCrash.test.ts to kill: node evaluateChild.mjs FOLDER CREATED
import { tabularMatchups } from './tabularMatchups';

const [out, created] = process.argv.slice(2);
if (out === undefined || created === undefined) throw new Error('usage: evaluateChild FOLDER CREATED');
await tabularMatchups({ out, created });
