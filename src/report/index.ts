export { renderReport } from './page';
export type { Report, ReportIntervals, ReportNegotiation, ReportNote, ReportRun } from './report';
