/** The ledger of flips: which problems were won and lost on the way, and what they ask. */
import type { Measures } from '../../contract/measures';
import { html } from '../../pages/html';
import { count, counted } from '../../pages/numbers';
import { details, prose, section, table, type Column, type Marked, type Section } from '../../pages/page';
import { clippedLine } from '../../visible-text';
import type { Report } from '../build-report';
import type { FlipLedger, LedgerEntry } from '../flip-ledger';

const mostCharacters = 240;

export function flipsSection({ flips, iterations }: Report): Section | null {
  if (flips === null) return null;
  const { problems, alwaysRight, alwaysWrong, changed } = flips;
  return section('flips', 'Won and lost problems', [
    prose(
      `Of ${counted(problems, 'evaluation problem')} the society answered ${count(alwaysRight)} rightly at every iteration and ${count(alwaysWrong)} never; ${count(changed)} changed.`,
    ),
    stepTable(iterations),
    ledger(flips),
  ]);
}

type Step = Extract<Measures['flips']['sincePrevious'], { kind: 'measured' }> & { iteration: number };

const stepColumns: Column<Step>[] = [
  { head: 'Iterations', of: ({ fromIteration, iteration }) => `${fromIteration} to ${iteration}` },
  { head: 'Wrong to right', of: ({ wrongToRight }) => count(wrongToRight.length) },
  { head: 'Right to wrong', of: ({ rightToWrong }) => count(rightToWrong.length) },
  { head: 'n', of: ({ problems }) => count(problems) },
];

function stepTable(iterations: Report['iterations']) {
  const rows = iterations.flatMap(({ iteration, measures }) => {
    const since = measures?.flips.sincePrevious;
    return since?.kind === 'measured' ? [{ iteration, ...since }] : [];
  });
  return table({
    caption: 'Changes of the society’s own answer from one iteration to the next.',
    columns: stepColumns,
    groups: [{ rows }],
  });
}

const ledgerColumns: Column<LedgerEntry>[] = [
  { head: 'Problem', of: ({ problemId }) => problemId },
  { head: 'Question', holds: 'words', of: ({ question }) => clippedLine(question, mostCharacters) },
  { head: 'Reference', holds: 'words', of: ({ reference }) => reference },
  { head: 'Answers', holds: 'words', of: ({ right }) => path(right) },
];

function ledger({ iterations, entries, changed }: FlipLedger) {
  const left = changed - entries.length;
  return details(`The problems behind it: ${counted(changed, 'problem')} that changed`, [
    table({
      caption: `Right (✓) or wrong (✗) at iterations ${iterations.join(', ')}; problems that were right at first and wrong at last stand first.${left > 0 ? ` ${count(left)} more are not shown.` : ''}`,
      columns: ledgerColumns,
      groups: [{ rows: entries }],
    }),
  ]);
}

function path(right: boolean[]): Marked {
  const marks = right.map((value) => (value ? html`<span class="right">✓</span>` : html`<span class="wrong">✗</span>`));
  const spoken = right.map((value) => (value ? 'right' : 'wrong')).join(', ');
  return { text: spoken, markup: html`<span class="path" role="img" aria-label="${spoken}">${marks}</span>` };
}
