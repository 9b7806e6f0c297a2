/** Problems whose answer changed from right to wrong, or back, between two evaluations on the same problems. */
import type { Evaluation } from '../../contract/evaluation';
import type { Flips } from '../../contract/measures';

type Evaluated = Pick<Evaluation, 'iteration' | 'perProblem'>;

/** Compares the society's own answers; problems that only one of them evaluated are left out. */
export function flipsBetween(before: Evaluated, after: Evaluated): Flips {
  const wasRight = new Map(before.perProblem.map(({ problemId, correct }) => [problemId, correct.society === true]));
  const shared = after.perProblem
    .filter(({ problemId }) => wasRight.has(problemId))
    .map(({ problemId, correct }) => ({ problemId, was: wasRight.get(problemId), is: correct.society === true }));
  const idsWhere = (was: boolean) =>
    shared
      .filter((problem) => problem.was === was && problem.is !== was)
      .map(({ problemId }) => problemId)
      .sort();
  return {
    fromIteration: before.iteration,
    problems: shared.length,
    rightToWrong: idsWhere(true),
    wrongToRight: idsWhere(false),
  };
}
