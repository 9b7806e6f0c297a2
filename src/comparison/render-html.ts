/** The comparison as one self-contained page, made of the report's pieces: no script, no network. */
import { comparisonKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';
import { chartFigure } from '../report/chart-renderer';
import { html, sentence, type Html, type HtmlValue } from '../report/html';
import { count, counted } from '../report/numbers';
import { madeFrom, renderPage } from '../report/page';
import { visibleLine } from '../visible-text';
import type { PageSection } from '../report/section';
import { table, type TableGroup } from '../report/table';
import { callsText, type ComparisonReport } from './build';
import { accuracyPlot } from './accuracy-plot';
import { claimsSection } from './claims-section';
import { curvesSection } from './curves-section';
import { forestPlot } from './forest-plot';
import {
  accuracyNote,
  accuracyText,
  costCells,
  costHeads,
  costNote,
  differenceCells,
  differenceHeads,
  differenceNote,
  hasMoney,
  measuredRows,
} from './render-table';
import type { ComparisonRow } from './rows';
import { whySection } from './why-section';

/** Writes `report.json` and `report.html`: views, made anew from the runs each time. */
export async function writeComparisonViews(store: ArtifactStore, report: ComparisonReport): Promise<void> {
  const { comparisonId } = report;
  await store.writeView(comparisonKeys.reportData(comparisonId), `${JSON.stringify(report)}\n`);
  await store.writeView(comparisonKeys.reportPage(comparisonId), renderComparisonPage(report));
}

export function renderComparisonPage(report: ComparisonReport): string {
  const { name, rows, tasks, seeds, models, versions, comparisonId } = report;
  return renderPage({
    title: `${name}: comparison of methods`,
    heading: name,
    facts: [
      counted(rows.filter(({ kind }) => kind === 'method').length, 'method'),
      `${tasks.length === 1 ? 'task' : 'tasks'} ${tasks.join(', ')}`,
      `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
      ...(models.length === 0 ? [] : [`base ${models.join(', ')}`]),
    ],
    sections: [
      resultSection(report),
      claimsSection(report),
      accuracySection(report),
      curvesSection(report),
      differencesSection(report),
      whySection(report),
      costsSection(report),
      runsSection(report),
      settingsSection(report),
    ],
    footer: madeFrom(versions, `the runs of comparison ${comparisonId}`),
  });
}

function list(kind: 'notices' | 'statements', sentences: string[]): Html | null {
  if (sentences.length === 0) return null;
  return html`<ul class="${kind}">
    ${sentences.map((text) => html`<li>${sentence(text)}</li>`)}
  </ul>`;
}

function resultSection({ headline, statements, notices }: ComparisonReport): PageSection {
  const content = [
    html`<p class="headline">${sentence(headline)}</p>`,
    list('statements', statements),
    list('notices', notices),
  ];
  return { id: 'result', title: 'Result', content };
}

/** Rows are methods, columns are tasks, as in the paper's Tables 1 and 2. */
function accuracySection(report: ComparisonReport): PageSection {
  const { rows, tasks } = report;
  const rowOf = ({ label, cells }: ComparisonRow) => ({
    header: visibleLine(label),
    cells: tasks.map((task) => accuracyText(cells[task])),
  });
  const votes = rows.filter(({ kind }) => kind === 'vote').map(rowOf);
  const further = rows.filter(({ kind }) => kind === 'further').map(rowOf);
  const groups: TableGroup[] = [
    { rows: rows.filter(({ kind }) => kind === 'method').map(rowOf) },
    ...(votes.length === 0
      ? []
      : [{ title: `Votes that take as many calls as a debate (${voteSizes(rows)})`, rows: votes }]),
    ...(further.length === 0 ? [] : [{ title: 'Beside them', rows: further }]),
  ];
  return {
    id: 'accuracy',
    title: 'Accuracy',
    content: [
      ...tasks.flatMap((task) => accuracyPlot(report, task) ?? []).map(chartFigure),
      table({ caption: accuracyNote(report), columns: ['Method', ...tasks.map(visibleLine)], groups }),
    ],
  };
}

/** `6 or 9` */
function voteSizes(rows: ComparisonRow[]): string {
  const calls = rows
    .filter(({ kind }) => kind === 'vote')
    .flatMap(({ cells }) => Object.values(cells).flatMap((cell) => cell?.callsPerAnswer ?? []));
  return [...new Set(calls)].sort((left, right) => left - right).join(' or ');
}

function differencesSection(report: ComparisonReport): PageSection | null {
  const { rows, tasks, baseline } = report;
  const plots = tasks.map((task) => forestPlot(report, task)).filter((plot) => plot !== null);
  if (plots.length === 0) return null;
  const cellsOf = (task: string) =>
    measuredRows(rows, task)
      .filter(({ cell }) => cell.comparison !== null)
      .map(differenceCells)
      .map((cells) => [...cells.slice(0, -1), severalValues(cells.at(-1) ?? '')]);
  return {
    id: 'differences',
    title: `Differences to “${visibleLine(baseline)}”`,
    content: [
      ...plots.map(chartFigure),
      tableByTask(report, { caption: differenceNote, heads: differenceHeads, cellsOf }),
    ],
  };
}

/** One value per seed: a line of its own for those that find no room. */
function severalValues(text: string): Html {
  return html`<span class="several">${text}</span>`;
}

function costsSection(report: ComparisonReport): PageSection {
  const { rows } = report;
  const cellsOf = (task: string) => measuredRows(rows, task).map((each) => costCells(each, hasMoney(rows)));
  const costs = tableByTask(report, { caption: costNote, heads: costHeads(rows), cellsOf });
  return { id: 'costs', title: 'What it costs', content: [costs, html`<p>${callsText(report)}.</p>`] };
}

/** A group of rows per task; the first cell of a row names it. */
function tableByTask(
  { tasks }: ComparisonReport,
  { caption, heads, cellsOf }: { caption: string; heads: string[]; cellsOf: (task: string) => HtmlValue[][] },
): Html {
  const groups = tasks.map((task): TableGroup => {
    const rows = cellsOf(task).map(([header = '', ...cells]) => ({ header: visibleLine(String(header)), cells }));
    return { ...(tasks.length === 1 ? {} : { title: visibleLine(task) }), rows };
  });
  return table({ caption, columns: ['Method', ...heads], groups });
}

function runsSection({ runs }: ComparisonReport): PageSection {
  const rows = runs.map(({ runId, task, seed, standing, reason, iterations, counts, reused }) => ({
    header: html`<a href="${reportAddress(runId)}">${visibleLine(runId)}</a>`,
    cells: [
      visibleLine(task),
      String(seed),
      visibleLine(reason === undefined ? standing : `${standing}: ${reason}`),
      String(Math.max(0, iterations - 1)),
      count(counts.calls),
      count(counts.calls - reused.calls),
    ],
  }));
  const columns = ['Run', 'Task', 'Seed', 'Standing', 'Iterations', 'Calls', 'Asked'];
  const caption =
    'Each is an ordinary run with a report of its own. Calls: as if it were alone; asked: what no earlier run had asked.';
  return { id: 'runs', title: 'Runs', content: [table({ caption, columns, groups: [{ rows }], wordColumns: [1, 3] })] };
}

/** From `comparisons/<id>/` of the store to a run's page; an address that leads nowhere while the run is none. */
function reportAddress(runId: string): string {
  return `../../runs/${encodeURIComponent(runId)}/report.html`;
}

function settingsSection({ specification, versions }: ComparisonReport): PageSection {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return {
    id: 'settings',
    title: 'Settings',
    content: [
      html`<p>${visibleLine(software.join(' · '))}</p>`,
      html`<details>
        <summary>The specification as it was written</summary>
        <pre class="text">${JSON.stringify(specification, undefined, 2)}</pre>
      </details>`,
    ],
  };
}
