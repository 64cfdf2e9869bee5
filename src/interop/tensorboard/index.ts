export { eventFileName, lineRecord, versionRecord } from './events';
