/** The ledger of flips: which problems were won and lost on the way, and what they ask. */
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import type { FlipLedger, LedgerEntry } from '../flip-ledger';
import { count, counted } from '../numbers';
import { shortened, visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table } from '../table';

const mostCharacters = 240;

export function flipsSection({ flips, iterations }: Report): PageSection | null {
  if (flips === null) return null;
  return {
    id: 'flips',
    title: 'Won and lost problems',
    content: [
      html`<p>
        Of ${counted(flips.problems, 'evaluation problem')} the society answered ${count(flips.alwaysRight)} rightly at
        every iteration and ${count(flips.alwaysWrong)} never; ${count(flips.changed)} changed.
      </p>`,
      stepTable(iterations),
      flips.entries.length > 0 && ledger(flips),
    ],
  };
}

function stepTable(iterations: Report['iterations']): Html | null {
  const rows = iterations.flatMap(({ iteration, measures }) => {
    const since = measures?.flips.sincePrevious;
    if (since?.kind !== 'measured') return [];
    const { fromIteration, wrongToRight, rightToWrong, problems } = since;
    const cells = [wrongToRight.length, rightToWrong.length, problems].map(count);
    return [{ header: `${fromIteration} to ${iteration}`, cells }];
  });
  if (rows.length === 0) return null;
  return table({
    caption: 'Changes of the society’s own answer from one iteration to the next.',
    columns: ['Iterations', 'Wrong to right', 'Right to wrong', 'n'],
    groups: [{ rows }],
  });
}

function ledger({ iterations, entries, changed }: FlipLedger): Html {
  const left = changed - entries.length;
  return html`<details>
    <summary>The problems behind it: ${counted(changed, 'problem')} that changed</summary>
    ${table({
      caption: `Right (✓) or wrong (✗) at iterations ${iterations.join(', ')}; problems that were right at first and wrong at last stand first.${left > 0 ? ` ${count(left)} more are not shown.` : ''}`,
      columns: ['Problem', 'Question', 'Reference', 'Answers'],
      wordColumns: [1, 2, 3],
      groups: [{ rows: entries.map(entryRow) }],
    })}
  </details>`;
}

function entryRow({ problemId, question, reference, right }: LedgerEntry) {
  const { text, omitted } = shortened(visibleLine(question), mostCharacters);
  const path = right.map((value) => (value ? html`<span class="right">✓</span>` : html`<span class="wrong">✗</span>`));
  const spoken = right.map((value) => (value ? 'right' : 'wrong')).join(', ');
  return {
    header: visibleLine(problemId),
    cells: [
      omitted > 0 ? `${text}…` : text,
      reference === null ? '–' : visibleLine(reference),
      html`<span class="path" role="img" aria-label="${spoken}">${path}</span>`,
    ],
  };
}
