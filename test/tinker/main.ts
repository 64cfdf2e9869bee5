import { TrainingServer } from './trainingServer';

/** The training server as a process of its own: `main PORT MODEL_FOLDER MODEL_NAME`. */
const [port = '0', model = '', baseModel = 'test/base'] = process.argv.slice(2);
const server = await TrainingServer.start({ model, baseModel, port: Number(port), archives: true });
console.log(`listening at ${server.url}`);
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
