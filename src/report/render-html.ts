/** The report as one self-contained HTML file: no script, no network, no fonts of its own. */
import type { Report } from './build-report';
import { html, trustedMarkup } from './html';
import type { Html } from './html';
import { visibleLine } from './plain-text';
import { navigation, renderSection } from './section';
import type { PageSection } from './section';
import { accuracySection } from './sections/accuracy';
import { auditSection } from './sections/audit';
import { costsSection } from './sections/costs';
import { debatesSection } from './sections/debates';
import { diversitySection } from './sections/diversity';
import { flipsSection } from './sections/flips';
import { headlineSection } from './sections/headline';
import { membersSection } from './sections/members';
import { selectionSection } from './sections/selection';
import { specificationSection } from './sections/specification';
import { trainingSection } from './sections/training';
import { styleSheet } from './style-sheet';

/**
 * Escaping is what keeps model text from becoming markup; the policy is the second lock: even markup that slipped through
 * could run nothing and load nothing. `style-src` allows the style sheet and the charts' own style attributes.
 */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export function renderHtml(report: Report): string {
  const { run } = report;
  const sections = sectionsOf(report);
  const title = `${visibleLine(run.plan.name)}: multiagent finetuning report`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trustedMarkup(contentSecurityPolicy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${trustedMarkup(styleSheet)}
        </style>
      </head>
      <body>
        ${pageHeader(report, sections)}
        <main>${sections.map(renderSection)}</main>
        <footer>
          Made by maft ${visibleLine(run.versions['maft'] ?? '(version not recorded)')} from the artifacts of run
          ${visibleLine(run.runId)}.
        </footer>
      </body>
    </html> `;
  return page.markup;
}

function sectionsOf(report: Report): PageSection[] {
  return [
    headlineSection(report),
    warningsSection(report),
    noticesSection(report),
    accuracySection(report),
    diversitySection(report),
    membersSection(report),
    flipsSection(report),
    selectionSection(report),
    auditSection(report),
    trainingSection(report),
    costsSection(report),
    debatesSection(report),
    specificationSection(report),
  ].filter((section) => section !== null);
}

function pageHeader({ run, state }: Report, sections: PageSection[]): Html {
  const { plan, specification } = run;
  const facts = [
    `method ${visibleLine(plan.method)}`,
    `task ${visibleLine(plan.task)}`,
    `base ${visibleLine(specification.model.base)}`,
    `N = ${plan.members}, M = ${plan.rounds}, L = ${plan.iterations}`,
    `select: ${specification.method.select}`,
    `seed ${specification.seed}`,
    state,
  ];
  return html`<header class="page">
    <h1>${visibleLine(plan.name)}</h1>
    <p class="where">${facts.join(' · ')}</p>
    ${navigation(sections)}
  </header>`;
}

/** Signs of collapse stand before everything else that a reader should know. */
function warningsSection({ findings }: Report): PageSection | null {
  if (findings.length === 0) return null;
  const items = findings.map(({ message }) => html`<li>${visibleLine(message)}</li>`);
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
  const items = notices.map((notice) => html`<li>${visibleLine(notice)}</li>`);
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
