/** All ways of answering side by side: the sentences on calls and tokens, and the table they rest on. */
import {
  callsPerProblemText,
  count,
  money,
  percentWithError,
  points,
  pointsInterval,
  pValue,
} from '../../pages/numbers';
import { list, prose, section, table, type Column, type Section } from '../../pages/page';
import type { Report } from '../build-report';
import { groupOrder, type ResultRow, type RowGroup } from '../result-rows';

export function methodsSection(report: Report): Section | null {
  if (report.rows.length === 0) return null;
  return section('methods', 'Every method', [
    list('statements', report.statements),
    resultTable(report),
    prose(readingNote, 'note'),
  ]);
}

function resultTable({ run, rows, callsOfSociety, prices }: Report) {
  const titles: Record<RowGroup, string> = {
    untuned: run.startedFrom === undefined ? 'Untuned' : 'At the start',
    tuned: 'Finetuned in this run',
    'equal-calls': `Votes at equal calls: ${callsOfSociety ?? 0} per problem, as many as the society’s own answer takes`,
    'equal-tokens': 'Votes at equal tokens: as many samples as the problem’s own debate took tokens for',
  };
  const reference = rows.find(({ iteration, mode }) => iteration === 0 && mode === 'society');
  const against = reference === undefined ? '' : ` Differences in points, paired, to “${reference.label}”.`;
  return table({
    caption: `Accuracy ± standard error on the same evaluation problems; calls and tokens (prompts and summaries included) per problem.${against}`,
    columns: columnsFor(prices),
    groups: groupOrder.map((group) => ({ title: titles[group], rows: rows.filter((row) => row.group === group) })),
  });
}

function columnsFor(prices: Report['prices']): Column<ResultRow>[] {
  return [
    { head: 'Method', brief: 'method', of: ({ label }) => label },
    { head: 'Accuracy ± SE', brief: 'accuracy', of: percentWithError },
    { head: 'n', of: ({ n }) => count(n) },
    { head: 'Calls per problem', brief: 'calls', of: ({ callsPerProblem }) => callsPerProblemText(callsPerProblem) },
    {
      head: 'Tokens per problem',
      brief: 'tokens',
      of: ({ tokensPerProblem: tokens }) => (tokens === null ? 'unknown' : count(Math.round(tokens))),
    },
    ...(prices === null
      ? []
      : [{ head: 'Per 1,000 problems', brief: 'per 1,000', of: (row: ResultRow) => spentText(row, prices.currency) }]),
    { head: 'Difference, points', brief: 'difference', of: differenceText },
    { head: '95 % interval', of: ({ comparison }) => comparison && pointsInterval(comparison.interval) },
    { head: 'McNemar', of: ({ comparison }) => comparison && pValue(comparison.pValue) },
  ];
}

function spentText({ n, moneyPerThousandProblems: spent }: ResultRow, currency: string): string {
  if (n === 0) return money(0, currency);
  return spent === null ? 'unknown' : money(spent, currency);
}

/** States the number of pairs if it differs from the row's n. */
function differenceText({ comparison, n }: ResultRow): string | null {
  if (comparison === null) return null;
  const pairs = comparison.n === n ? '' : ` (n = ${comparison.n})`;
  return `${points(comparison.difference)}${pairs}`;
}

const readingNote =
  'Accuracy counts all evaluation problems; no parsable answer is wrong. SE is the population standard deviation of per-problem correctness divided by √n; where all or none are right it is 0 and n is named instead. Differences are paired, problem by problem: 95 % percentile bootstrap interval (summed exactly, not sampled; Tango’s score interval where no problem differs) and exact two-sided McNemar p-value. “Clear” means that the interval excludes 0 and p < 0.05; p-values are not corrected for the number of comparisons. One run is one seed: how much another seed would differ is not in these intervals.';
