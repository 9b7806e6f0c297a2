/** Every way of answering beside the others: the sentences on calls and tokens, and the table they rest on. */
import { html, sentence } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { callsPerProblemText, count, money, percentWithError, points, pointsInterval, pValue } from '../numbers';
import { groupOrder } from '../result-rows';
import type { ResultRow, RowGroup } from '../result-rows';
import type { PageSection } from '../section';
import { table } from '../table';
import type { TableGroup } from '../table';

export function headlineSection(report: Report): PageSection | null {
  if (report.rows.length === 0) return null;
  const statements = report.statements.map((text) => html`<li>${sentence(text)}</li>`);
  return {
    id: 'methods',
    title: 'Every method',
    content: [
      statements.length > 0 &&
        html`<ul class="statements">
          ${statements}
        </ul>`,
      resultTable(report),
      readingNote(),
    ],
  };
}

function resultTable({ run, rows, callsOfSociety, prices }: Report): Html {
  const titles: Record<RowGroup, string> = {
    untuned: run.startedFrom === undefined ? 'Untuned' : 'At the start',
    tuned: 'Finetuned in this run',
    'equal-calls': `Votes at equal calls: ${callsOfSociety ?? 0} per problem, as many as the society’s own answer takes`,
    'equal-tokens': 'Votes at equal tokens: as many samples as the problem’s own debate took tokens for',
  };
  const groups = groupOrder
    .map((group) => ({
      title: titles[group],
      rows: rows.filter((row) => row.group === group).map((row) => resultCells(row, prices)),
    }))
    .filter((group) => group.rows.length > 0) satisfies TableGroup[];
  return table({
    caption:
      'Accuracy of every method on the same evaluation problems, and its difference to the own answer of the society of iteration 0.',
    columns: [
      'Method',
      'Accuracy ± SE',
      'n',
      'Calls per problem',
      'Tokens per problem',
      ...(prices === null ? [] : ['Per 1,000 problems']),
      'Difference, points',
      '95 % interval',
      'McNemar',
    ],
    groups,
  });
}

function resultCells(row: ResultRow, prices: Report['prices']) {
  const { comparison, tokensPerProblem: tokens } = row;
  const spent = row.n === 0 ? 0 : row.moneyPerThousandProblems;
  const paired = comparison === null ? ['–', '–', '–'] : comparedCells(comparison, row.n);
  return {
    header: row.label,
    cells: [
      percentWithError(row),
      count(row.n),
      callsPerProblemText(row.callsPerProblem),
      tokens === null ? 'unknown' : count(Math.round(tokens)),
      ...(prices === null ? [] : [spent === null ? 'unknown' : money(spent, prices.currency)]),
      ...paired,
    ],
  };
}

/** The number of pairs is named where it is not the row's n. */
function comparedCells(comparison: NonNullable<ResultRow['comparison']>, n: number): string[] {
  const pairs = comparison.n === n ? '' : ` (n = ${comparison.n})`;
  return [`${points(comparison.difference)}${pairs}`, pointsInterval(comparison.interval), pValue(comparison.pValue)];
}

function readingNote(): Html {
  return html`<p class="note">
    Accuracy counts all evaluation problems; no parsable answer is wrong. SE is the population standard deviation of
    per-problem correctness divided by √n; where all or none are right it is 0 and n is named instead. Differences are
    paired, problem by problem: 95 % percentile bootstrap interval (summed exactly, not sampled; Tango’s score interval
    where no problem differs) and exact two-sided McNemar p-value. “Clear” means that the interval excludes 0 and p &lt;
    0.05; p-values are not corrected for the number of comparisons. One run is one seed: how much another seed would
    differ is not in these intervals.
  </p>`;
}
