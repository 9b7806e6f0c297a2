/**
 * The report of a run: artifacts in (`ReportInput`), data out (`buildReport`, stored as `report.json`), and two ways to
 * show it: a self-contained page (`renderHtml`) and a table for the terminal (`renderTable`).
 */
export { buildReport } from './build-report';
export type { Report } from './build-report';
export { renderHtml, renderTable } from './render';
export type { ReportInput } from './report-input';
