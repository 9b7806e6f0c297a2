/** What a line draws: problems that are held out for all its runs, and new training problems for each of them. */
import { InvalidRunSpec } from '../errors';
import type { RunTasks } from './run-tasks';
import type { FreshProblems, LabelledProblem, TakenQuestions } from './task';

export interface HeldOutRequest {
  seed: number;
  wanted: number;
  /** Whether the line's gate compares accuracies. */
  needsReferences: boolean;
  taken: TakenQuestions;
}

export interface DrawnHeldOut extends Pick<FreshProblems, 'problems' | 'sources'> {
  labelled: boolean;
}

/**
 * Problems with reference answers if there are enough of them; else, for a gate that needs none, any, and then all count
 * as unlabelled: accuracy on a part of them would be neither one thing nor the other. Throws `InvalidRunSpec` if there are
 * too few.
 */
export async function drawHeldOut(tasks: RunTasks, request: HeldOutRequest): Promise<DrawnHeldOut> {
  const { seed, wanted, needsReferences, taken } = request;
  const draw = (labelled: boolean) => tasks.eval.fresh({ seed, most: wanted, from: 'eval', taken, labelled });
  const withReferences = await draw(true);
  if (withReferences.problems.length === wanted) return { ...withReferences, labelled: true };
  if (needsReferences) {
    throw new InvalidRunSpec([
      `task.eval: ${wanted} problems with a reference answer are to be held out, and there are ${withReferences.problems.length} ` +
        'new ones; hold out fewer, name another source as evalTask, or set promotion.gate to "approval", which needs no references',
    ]);
  }
  const any = await draw(false);
  if (any.problems.length < wanted) {
    throw new InvalidRunSpec([
      `task.eval: ${wanted} problems are to be held out, and there are ${any.problems.length} new ones; hold out fewer`,
    ]);
  }
  return { ...any, problems: any.problems.map(withoutAnswer), labelled: false };
}

function withoutAnswer({ answer: _, ...problem }: LabelledProblem): LabelledProblem {
  return problem;
}
