/** The problems whose society answer changed between right and wrong from one evaluation to another. */
import type { IterationArtifacts } from './report-input';

export interface LedgerEntry {
  problemId: string;
  /** Empty if the question was not gathered. */
  question: string;
  reference: string | null;
  /** Whether the society was right, per evaluated iteration in their order. */
  right: boolean[];
  /** Changes from one evaluated iteration to the next. */
  flips: number;
}

export interface FlipLedger {
  /** The evaluated iterations, ascending. */
  iterations: number[];
  /** Problems that every one of them evaluated. */
  problems: number;
  /** Problems that were always right, or always wrong. */
  alwaysRight: number;
  alwaysWrong: number;
  /** How many changed; `entries` holds the first of them. */
  changed: number;
  entries: LedgerEntry[];
}

/** Further rows are counted, not shown. */
const mostEntries = 60;

/** `null` with fewer than two evaluations. Problems lost at the end stand first, then the most restless ones. */
export function flipLedger(
  artifacts: readonly IterationArtifacts[],
  texts: { questions: Record<string, string>; references: Record<string, string> },
): FlipLedger | null {
  const evaluated = artifacts.filter(({ evaluation }) => evaluation !== undefined);
  if (evaluated.length < 2) return null;
  const results = evaluated.map(
    ({ evaluation }) =>
      new Map(evaluation?.perProblem.map(({ problemId, correct }) => [problemId, correct.society === true])),
  );
  const shared = [...(results[0]?.keys() ?? [])].filter((problemId) => results.every((each) => each.has(problemId)));
  const entries = shared.map((problemId): LedgerEntry => {
    const right = results.map((each) => each.get(problemId) === true);
    const flips = right.filter((value, index) => index > 0 && value !== right[index - 1]).length;
    const question = texts.questions[problemId] ?? '';
    return { problemId, question, reference: texts.references[problemId] ?? null, right, flips };
  });
  const changed = entries.filter(({ flips }) => flips > 0).sort(byInterest);
  const steady = (value: boolean) => entries.filter(({ flips, right }) => flips === 0 && right[0] === value).length;
  return {
    iterations: evaluated.map(({ iteration }) => iteration),
    problems: shared.length,
    alwaysRight: steady(true),
    alwaysWrong: steady(false),
    changed: changed.length,
    entries: changed.slice(0, mostEntries),
  };
}

function byInterest(left: LedgerEntry, right: LedgerEntry): number {
  const lost = ({ right: results }: LedgerEntry) => (results[0] === true && results.at(-1) === false ? 0 : 1);
  return lost(left) - lost(right) || right.flips - left.flips || (left.problemId < right.problemId ? -1 : 1);
}
