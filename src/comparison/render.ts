/** The content of a comparison's page and of its terminal output, which has no room for the runs and the settings. */
import { comparisonKeys } from '../domain/keys';
import { html } from '../pages/html';
import { htmlPage } from '../pages/html-page';
import { count, counted } from '../pages/numbers';
import { details, list, madeFrom, prose, section, table, type Page, type Section } from '../pages/page';
import { terminalText, type TerminalStyle } from '../pages/terminal';
import type { ArtifactStore } from '../ports';
import { visibleLine } from '../visible-text';
import type { ComparisonReport } from './build';
import { accuracySection } from './sections/accuracy';
import { claimsSection } from './sections/claims';
import { costsSection } from './sections/costs';
import { curvesSection } from './sections/curves';
import { differencesSection } from './sections/differences';
import { whySection } from './sections/why';

/** Writes `report.json` and `report.html`: views, made anew from the runs each time. */
export async function writeComparisonViews(store: ArtifactStore, report: ComparisonReport): Promise<void> {
  const { comparisonId } = report;
  await store.writeView(comparisonKeys.reportData(comparisonId), `${JSON.stringify(report)}\n`);
  await store.writeView(comparisonKeys.reportPage(comparisonId), renderComparisonPage(report));
}

export function renderComparisonPage(report: ComparisonReport): string {
  return htmlPage(pageOf(report));
}

/** The headline first; the verdicts last, where a reader of a long output looks. */
export function renderComparisonTable(report: ComparisonReport, style: TerminalStyle): string {
  const { headline, notices, statements } = report;
  const sections = [
    { blocks: [prose(headline), list('notices', notices)] },
    accuracySection(report),
    curvesSection(report),
    differencesSection(report),
    whySection(report),
    costsSection(report),
    claimsSection(report),
    { blocks: [list('statements', statements)] },
  ];
  return terminalText(sections, style);
}

function pageOf(report: ComparisonReport): Page {
  const { name, rows, tasks, seeds, models, versions, comparisonId } = report;
  return {
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
  };
}

function resultSection({ headline, statements, notices }: ComparisonReport): Section | null {
  return section('result', 'Result', [
    prose(headline, 'headline'),
    list('statements', statements),
    list('notices', notices),
  ]);
}

function runsSection({ runs }: ComparisonReport): Section | null {
  return section('runs', 'Runs', [
    table({
      caption:
        'Each is an ordinary run with a report of its own. Calls: as if it were alone; asked: what no earlier run had asked.',
      columns: [
        { head: 'Run', of: ({ runId }) => linkTo(runId) },
        { head: 'Task', holds: 'words', of: ({ task }) => task },
        { head: 'Seed', of: ({ seed }) => seed },
        {
          head: 'Standing',
          holds: 'words',
          of: ({ standing, reason }) => (reason === undefined ? standing : `${standing}: ${reason}`),
        },
        { head: 'Iterations', of: ({ iterations }) => Math.max(0, iterations - 1) },
        { head: 'Calls', of: ({ counts }) => count(counts.calls) },
        { head: 'Asked', of: ({ counts, reused }) => count(counts.calls - reused.calls) },
      ],
      groups: [{ rows: runs }],
    }),
  ]);
}

/** From `comparisons/<id>/` of the store to a run's page; it leads nowhere until the run has one. */
function linkTo(runId: string) {
  const address = `../../runs/${encodeURIComponent(runId)}/report.html`;
  return { text: runId, markup: html`<a href="${address}">${visibleLine(runId)}</a>` };
}

function settingsSection({ specification, versions }: ComparisonReport): Section | null {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return section('settings', 'Settings', [
    prose(software.join(' · ')),
    details('The specification as it was written', [
      html`<pre class="text">${JSON.stringify(specification, undefined, 2)}</pre>`,
    ]),
  ]);
}
