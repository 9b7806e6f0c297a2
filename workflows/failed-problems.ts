/** Failed problems are counted, reported and survived, up to `limits.maxFailedShare` per stage. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { RunPlan } from '../src/contract/run';

/** Raises `TooManyFailedProblems` where more than the allowed share of a stage's problems failed. */
export function refuseTooManyFailures(
  plan: RunPlan,
  stage: string,
  { failed, problems }: { failed: number; problems: number },
): void {
  if (failed <= plan.maxFailedShare * problems) return;
  throw ApplicationFailure.nonRetryable(
    `${failed} of ${problems} problems of the ${stage} failed, more than limits.maxFailedShare (${plan.maxFailedShare}) allows. ` +
      'What succeeded is kept; starting the run again under the same id goes on from there.',
    'TooManyFailedProblems',
  );
}
