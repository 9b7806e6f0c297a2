/** The content of a report's page and of its terminal output, which has only the sections on the result. */
import { htmlPage } from '../pages/html-page';
import { list, madeFrom, prose, section, type Page, type Section } from '../pages/page';
import { terminalText, type TerminalStyle } from '../pages/terminal';
import type { Report } from './build-report';
import { accuracySection } from './sections/accuracy';
import { auditSection } from './sections/audit';
import { costsSection } from './sections/costs';
import { criticsSection } from './sections/critics';
import { debatesSection } from './sections/debates';
import { diversitySection } from './sections/diversity';
import { flipsSection } from './sections/flips';
import { followedSection } from './sections/followed';
import { membersSection } from './sections/members';
import { methodsSection } from './sections/methods';
import { openingSection, promotionProse } from './sections/opening';
import { selectionSection } from './sections/selection';
import { specialisationSection } from './sections/specialisation';
import { specificationSection } from './sections/specification';
import { trainingSection } from './sections/training';

export function renderHtml(report: Report): string {
  return htmlPage(pageOf(report));
}

/** Whether its line took it, the headline, why the run ended early, warnings of a collapse, every method, and whether its critics read. */
export function renderTable(report: Report, style: TerminalStyle): string {
  const { headline, endedEarly, findings } = report;
  const result = [
    ...promotionProse(report),
    report.landed !== undefined && prose(report.landed),
    prose(headline),
    endedEarly !== undefined && prose(endedEarly),
    warningList(findings),
  ];
  return terminalText([{ blocks: result }, methodsSection(report), criticsSection(report)], style);
}

function pageOf(report: Report): Page {
  const { run, state } = report;
  const { plan, specification } = run;
  return {
    title: `${plan.name}: multiagent finetuning report`,
    heading: plan.name,
    facts: [
      `method ${plan.method}`,
      `task ${plan.task}`,
      `base ${specification.model.base}`,
      `N = ${plan.members}, M = ${plan.rounds}, L = ${plan.iterations}`,
      `select: ${specification.method.select}`,
      `seed ${specification.seed}`,
      state,
    ],
    sections: [
      openingSection(report),
      warningsSection(report),
      section('notices', 'Notices', [list('notices', report.notices)]),
      methodsSection(report),
      accuracySection(report),
      criticsSection(report),
      diversitySection(report),
      membersSection(report),
      specialisationSection(report),
      flipsSection(report),
      followedSection(report),
      selectionSection(report),
      auditSection(report),
      trainingSection(report),
      costsSection(report),
      debatesSection(report),
      specificationSection(report),
    ],
    footer: madeFrom(run.versions, `the artifacts of run ${run.runId}`),
  };
}

/** Signs of collapse stand before every table. */
function warningsSection({ findings }: Report): Section | null {
  if (findings.length === 0) return null;
  return section('warnings', 'Warnings', [
    prose('Signs that the run may be getting worse by its own doing; docs/measures.md has the rules.'),
    warningList(findings),
  ]);
}

function warningList(findings: Report['findings']) {
  return list(
    'warnings',
    findings.map(({ message }) => `${message}.`),
  );
}
