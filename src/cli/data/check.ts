/** What a folder of problems holds: counts, repetitions, splits, digests, licence. */
import type { DataSource } from '../../contract/problem';
import type { LabelledProblem, ProblemPools } from '../../tasks';
import type { PublicData } from '../../tasks/kinds/all';

export interface DataCheck {
  /** Whether training and evaluation draw from the same problems. */
  shared: boolean;
  sources: (DataSource & { asPublished: boolean })[];
  /** Different problems to train from and to evaluate on. */
  train: number;
  eval: number;
  /** Evaluation problems without a reference answer. */
  unlabelled: number;
  duplicates: number;
  inBoth: number;
  leftOut: Record<string, number>;
  /** Evaluation problems by type and by level, if the data have these. */
  types: Record<string, number>;
  levels: Record<string, number>;
  licence: string | null;
}

export function checkData(pools: ProblemPools, known: PublicData | undefined): DataCheck {
  const published = new Set(known?.files.map(({ sha256 }) => sha256));
  const { shared, duplicates, inBoth, leftOut } = pools;
  return {
    shared,
    sources: pools.sources.map((source) => ({ ...source, asPublished: published.has(source.sha256) })),
    train: pools.train.length,
    eval: pools.eval.length,
    unlabelled: pools.eval.filter(({ answer }) => answer === undefined).length,
    duplicates,
    inBoth,
    leftOut,
    types: countBy(pools.eval, ({ type }) => type),
    levels: countBy(pools.eval, ({ level }) => level),
    licence: known?.licence ?? null,
  };
}

function countBy(problems: LabelledProblem[], keyOf: (problem: LabelledProblem) => string | number | undefined) {
  const counts: Record<string, number> = {};
  for (const problem of problems) {
    const key = keyOf(problem);
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** For people: one fact a line. */
export function checkTable(check: DataCheck): string {
  const sources = check.sources.map(({ split, path, files, problems, sha256, asPublished }) => {
    const many = files === 1 ? '' : `${files} files, `;
    return fact(split === 'eval' ? 'evaluation' : 'training', `${path} (${many}${problems} problems)`).concat(
      fact('', `sha256 ${sha256}${asPublished ? ', as published' : ''}`),
    );
  });
  const counts = check.shared
    ? `${check.eval} different problems, from which both splits are drawn, disjoint`
    : `${check.train} different problems to train from, ${check.eval} to evaluate on`;
  const lines = [
    ...(check.shared ? sources.slice(1) : sources),
    fact('splits', counts),
    fact('repeated', `${check.duplicates} rows repeat an earlier question`),
    ...(check.shared ? [] : [fact('in both', `${check.inBoth} training problems are among the test questions`)]),
    ...(check.unlabelled > 0 ? [fact('unlabelled', `${check.unlabelled} without a reference answer: train only`)] : []),
    ...Object.entries(check.leftOut).map(([why, count]) => fact('left out', `${count}: ${why}`)),
    ...listed('by type', check.types),
    ...listed('by level', check.levels),
    fact('licence', check.licence ?? 'yours'),
    fact('bad rows', 'none: every row was read'),
  ];
  return lines.join('');
}

function listed(name: string, counts: Record<string, number>): string[] {
  const entries = Object.entries(counts);
  return entries.length === 0 ? [] : [fact(name, entries.map(([key, count]) => `${key} ${count}`).join(', '))];
}

function fact(name: string, value: string): string {
  return `${name.padEnd(12)} ${value}\n`;
}
