/** The comparison as one self-contained page, made of the report's pieces: no script, no network. */
import { chartFigure } from '../report/chart-renderer';
import { html, trustedMarkup, type Html } from '../report/html';
import { count, counted } from '../report/numbers';
import { visibleLine } from '../report/plain-text';
import { navigation, renderSection, type PageSection } from '../report/section';
import { styleSheet } from '../report/style-sheet';
import { table, type TableGroup } from '../report/table';
import { callsText, type ComparisonReport } from './build';
import { forestPlot } from './forest-plot';
import { accuracyNote, accuracyText, costCells, costHeads, costNote, hasMoney } from './render-table';
import type { ComparisonRow } from './rows';

const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export function renderComparisonPage(report: ComparisonReport): string {
  const sections = [
    accuracySection(report),
    differencesSection(report),
    costsSection(report),
    runsSection(report),
    settingsSection(report),
  ].filter((section) => section !== null);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trustedMarkup(contentSecurityPolicy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${visibleLine(report.name)}: comparison of methods</title>
        <link rel="icon" href="data:," />
        <style>
          ${trustedMarkup(styleSheet)}
        </style>
      </head>
      <body>
        ${pageHeader(report, sections)}
        <main>
          <p class="headline">${visibleLine(report.headline)}</p>
          ${list('notices', report.notices)} ${list('statements', report.statements)} ${sections.map(renderSection)}
        </main>
        <footer>
          Made by maft ${visibleLine(report.versions['maft'] ?? '(version not recorded)')} from the runs of comparison
          ${visibleLine(report.comparisonId)}.
        </footer>
      </body>
    </html> `;
  return page.markup;
}

function pageHeader({ name, rows, tasks, seeds }: ComparisonReport, sections: PageSection[]): Html {
  const methods = rows.filter(({ kind }) => kind === 'method').length;
  const facts = [
    counted(methods, 'method'),
    `${tasks.length === 1 ? 'task' : 'tasks'} ${tasks.join(', ')}`,
    `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
  ];
  return html`<header class="page">
    <h1>${visibleLine(name)}</h1>
    <p class="where">${visibleLine(facts.join(' · '))}</p>
    ${navigation(sections)}
  </header>`;
}

function list(kind: 'notices' | 'statements', sentences: string[]): Html | null {
  if (sentences.length === 0) return null;
  return html`<ul class="${kind}">
    ${sentences.map((sentence) => html`<li>${visibleLine(sentence)}</li>`)}
  </ul>`;
}

/** Rows are methods, columns are tasks, as in the paper's Tables 1 and 2. */
function accuracySection(report: ComparisonReport): PageSection {
  const { rows, tasks, equalCalls } = report;
  const rowOf = ({ label, cells }: ComparisonRow) => ({
    header: visibleLine(label),
    cells: tasks.map((task) => accuracyText(cells[task])),
  });
  const votes = rows.filter(({ kind }) => kind === 'vote').map(rowOf);
  const groups: TableGroup[] = [
    { rows: rows.filter(({ kind }) => kind === 'method').map(rowOf) },
    ...(votes.length === 0
      ? []
      : [{ title: `Votes that take as many calls as a debate (${equalCalls ?? 0})`, rows: votes }]),
  ];
  return {
    id: 'accuracy',
    title: 'Accuracy',
    content: [table({ caption: accuracyNote(report), columns: ['Method', ...tasks.map(visibleLine)], groups })],
  };
}

function differencesSection(report: ComparisonReport): PageSection | null {
  const plots = report.tasks.map((task) => forestPlot(report, task)).filter((plot) => plot !== null);
  if (plots.length === 0) return null;
  return {
    id: 'differences',
    title: `Differences to “${visibleLine(report.baseline)}”`,
    content: plots.map(chartFigure),
  };
}

function costsSection(report: ComparisonReport): PageSection {
  const { rows, tasks } = report;
  const groups = tasks.map((task): TableGroup => {
    const measured = rows.flatMap((row) => {
      const cell = row.cells[task];
      if (cell === null || cell === undefined) return [];
      const [header = '', ...cells] = costCells(row, cell, hasMoney(rows));
      return [{ header: visibleLine(header), cells }];
    });
    return { ...(tasks.length === 1 ? {} : { title: visibleLine(task) }), rows: measured };
  });
  const [first = '', ...heads] = costHeads(rows);
  return {
    id: 'costs',
    title: 'What it costs',
    content: [table({ caption: costNote, columns: [first, ...heads], groups }), html`<p>${callsText(report)}.</p>`],
  };
}

function runsSection({ runs }: ComparisonReport): PageSection {
  const rows = runs.map(({ runId, task, seed, standing, reason, iterations, counts, reused }) => ({
    header: visibleLine(runId),
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
