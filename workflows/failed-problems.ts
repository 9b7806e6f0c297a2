/** Failed problems are counted, reported and survived, up to `limits.maxFailedShare` per stage. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { ProblemFailure, RunPlan } from '../src/contract/run';

/**
 * Throws `TooManyFailedProblems` if more than the allowed share of a stage's problems failed; the message gives the first
 * failure, if known.
 */
export function refuseTooManyFailures(
  plan: RunPlan,
  stage: string,
  { failed, problems, first }: { failed: number; problems: number; first?: ProblemFailure },
): void {
  if (failed <= plan.maxFailedShare * problems) return;
  const example = first === undefined ? '' : ` The first: ${first.problemId}: ${first.reason}`;
  throw ApplicationFailure.nonRetryable(
    `${failed} of ${problems} problems of the ${stage} failed, more than limits.maxFailedShare (${plan.maxFailedShare}) allows. ` +
      'What succeeded is kept; starting the run again under the same id goes on from there.' +
      example,
    'TooManyFailedProblems',
  );
}
