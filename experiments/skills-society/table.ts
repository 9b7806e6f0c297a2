/** The results as a Markdown table, readable on a terminal and in the docs alike. */
import type { MeanInterval } from '../../src/domain/statistics';
import type { ConditionResult, MethodResult } from './experiment';

const heads = [
  'condition',
  'method',
  'mix of each',
  'mix of all',
  'divergence',
  'accuracy % before',
  'after',
  'any first right %',
  'wrong examples %',
  'all skills covered',
];

export function resultTable(results: readonly ConditionResult[]): string {
  return table(
    heads,
    results.flatMap(({ condition, methods }) =>
      methods.map((result, index) => [index === 0 ? condition : '', result.method, ...outcomeCells(result)]),
    ),
  );
}

/** The society against each rival on the same seeds, in points of accuracy and of the entropy of the agents' mixes. */
export function differenceTable(results: readonly ConditionResult[]): string {
  const rows = results.flatMap(({ condition, differences }) =>
    differences.map(({ rival, accuracyAfter, agents }, index) => [
      index === 0 ? condition : '',
      rival,
      shown(accuracyAfter, { scale: 100, digits: 1, signed: true }),
      shown(agents, { scale: 1, digits: 2, signed: true }),
    ]),
  );
  return table(['condition', 'society minus', 'accuracy, points', 'mix of each'], rows);
}

/** Divergence of the society's agents after each iteration. */
export function curveTable(results: readonly ConditionResult[]): string {
  const curves = results.map(({ condition, methods }) => ({ condition, curve: methods[0]?.curve ?? [] }));
  const iterations = (curves[0]?.curve ?? []).map((_, iteration) => String(iteration));
  return table(
    ['divergence after iteration', ...iterations],
    curves.map(({ condition, curve }) => [condition, ...curve.map(({ divergence }) => divergence.toFixed(2))]),
  );
}

function outcomeCells({ outcome }: MethodResult): string[] {
  const parts = [outcome.agents, outcome.society, outcome.divergence];
  const shares = [outcome.accuracyBefore, outcome.accuracyAfter, outcome.anyFirstAfter, outcome.wrongExamples];
  return [
    ...parts.map((each) => shown(each, { scale: 1, digits: 2 })),
    ...shares.map((each) => shown(each, { scale: 100, digits: 1 })),
    seedsOf(outcome.coversAll),
  ];
}

/** `4 of 10` seeds. */
function seedsOf({ mean, n }: MeanInterval): string {
  return `${Math.round(mean * n)} of ${n}`;
}

/** `0.73 ± 0.05`: mean and half the 95 % t-interval over the seeds. */
function shown(
  { mean, interval }: MeanInterval,
  { scale, digits, signed = false }: { scale: number; digits: number; signed?: boolean },
): string {
  const value = (scale * mean).toFixed(digits).replace(/^-(0\.?0*)$/, '$1');
  const text = signed && !value.startsWith('-') ? `+${value}` : value.replace('-', '−');
  if (interval === null) return text;
  return `${text} ± ${((scale * (interval.upper - interval.lower)) / 2).toFixed(digits)}`;
}

function table(columns: readonly string[], rows: readonly string[][]): string {
  const widths = columns.map((head, column) =>
    Math.max(head.length, ...rows.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(columns), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}
