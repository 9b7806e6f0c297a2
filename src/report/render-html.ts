/** The report as one self-contained HTML file: no script, no network, no fonts of its own. */
import type { Report } from './build-report';
import { html, sentence } from './html';
import { madeFrom, renderPage } from './page';
import type { PageSection } from './section';
import { accuracySection } from './sections/accuracy';
import { auditSection } from './sections/audit';
import { costsSection } from './sections/costs';
import { debatesSection } from './sections/debates';
import { diversitySection } from './sections/diversity';
import { flipsSection } from './sections/flips';
import { followedSection } from './sections/followed';
import { headlineSection } from './sections/headline';
import { membersSection } from './sections/members';
import { openingSection } from './sections/opening';
import { selectionSection } from './sections/selection';
import { specialisationSection } from './sections/specialisation';
import { specificationSection } from './sections/specification';
import { trainingSection } from './sections/training';

export function renderHtml(report: Report): string {
  const { run, state } = report;
  const { plan, specification } = run;
  return renderPage({
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
    sections: sectionsOf(report),
    footer: madeFrom(run.versions, `the artifacts of run ${run.runId}`),
  });
}

function sectionsOf(report: Report): (PageSection | null)[] {
  return [
    openingSection(report),
    warningsSection(report),
    noticesSection(report),
    headlineSection(report),
    accuracySection(report),
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
  ];
}

/** Signs of collapse stand before every table. */
function warningsSection({ findings }: Report): PageSection | null {
  if (findings.length === 0) return null;
  const items = findings.map(({ message }) => html`<li>${sentence(message)}</li>`);
  return {
    id: 'warnings',
    title: 'Warnings',
    content: [
      html`<p>Signs that the run may be getting worse by its own doing; docs/measures.md has the rules.</p>`,
      html`<ul class="notices warnings">
        ${items}
      </ul>`,
    ],
  };
}

function noticesSection({ notices }: Report): PageSection | null {
  if (notices.length === 0) return null;
  const items = notices.map((notice) => html`<li>${sentence(notice)}</li>`);
  return {
    id: 'notices',
    title: 'Notices',
    content: [
      html`<ul class="notices">
        ${items}
      </ul>`,
    ],
  };
}
