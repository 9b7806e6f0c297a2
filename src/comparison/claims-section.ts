/** The page's list of what is claimed, each with its verdict. A list and no table: a claim is a sentence. */
import { html, sentence, type Html } from '../report/html';
import type { PageSection } from '../report/section';
import { visibleLine } from '../visible-text';
import type { ComparisonReport } from './build';
import { claimsNote, type StatedClaim } from './claims';

/** Null where nothing is claimed. */
export function claimsSection({ claims, tasks }: ComparisonReport): PageSection | null {
  const content = tasks.flatMap((task) => {
    const found = claims[task] ?? [];
    if (found.length === 0) return [];
    const title = tasks.length === 1 ? null : html`<h3>${visibleLine(task)}</h3>`;
    return [
      title,
      html`<ul class="statements">
        ${found.map(claimItem)}
      </ul>`,
    ];
  });
  if (content.length === 0) return null;
  return { id: 'claims', title: 'What is claimed, and whether these runs show it', content: [...content, rule] };
}

const rule = html`<p class="note">${claimsNote}</p>`;

function claimItem({ sentence: claim, standing, numbers, remarks }: StatedClaim): Html {
  return html`<li>
    <span class="verdict">${standing}:</span> ${visibleLine(claim)} ${numbers !== null && html`<div>${numbers}</div>`}
    ${remarks.length > 0 && html`<div class="note">${sentence(visibleLine(remarks.join('; ')))}</div>`}
  </li>`;
}
