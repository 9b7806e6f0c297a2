/**
 * The whole method: a society debates, votes, and each agent is finetuned on its own part of what agreed with the vote.
 * One iteration per workflow run, then continue-as-new. Start here; what each step does is in the file of its name.
 *
 * (Subramaniam et al. 2025, Algorithm 1; the words are those of docs/method.md.)
 */
import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import type { RunOutcome } from '../src/contract/run';
import { findDeadline, landingEarly, recordLanding } from './landing';
import { promote } from './promotion';
import { isContinued, startRun, type Continued, type RunContext } from './run-context';
import {
  debateTrainingProblems,
  evaluate,
  finetune,
  isEndedByGuard,
  report,
  resolveRun,
  selectTrainingData,
  validate,
} from './stages';

export async function multiagentFinetuning(...input: unknown[]): Promise<RunOutcome> {
  const run = startRun(input);
  if (!isContinued(input)) run.endBy(await findDeadline(input));
  await landingEarly(run, async () => {
    if (!isContinued(input)) await begin(run, input);
    else await run.treasury.open(run.plan);
    if (!run.isSkipped && run.plan.iterations > 0) await improve(run, run.iteration);
  });
  if (!run.isResolved) return run.outcome();
  if (run.isSkipped) return skip(run);
  if (run.landing !== undefined) await land(run);
  if (!run.goesOn) await promote(run);

  await condition(allHandlersFinished);
  if (run.goesOn) await goOn(run);
  return run.outcome();
}

/** The specification becomes a plan, and the society it starts from is evaluated. */
async function begin(run: RunContext, input: unknown[]): Promise<void> {
  await run.begin(await resolveRun(run.gate, input));
  if (run.isSkipped) return;
  await run.treasury.open(run.plan);
  await validate(run, 0);
  await evaluate(run, 0);
  await report(run, 0);
}

/** Algorithm 1, lines 3-30: the society of the iteration before becomes this iteration's. */
async function improve(run: RunContext, iteration: number): Promise<void> {
  const debates = await debateTrainingProblems(run, iteration);
  await selectTrainingData(run, iteration, debates);
  if (await isEndedByGuard(run, iteration, debates)) return report(run, iteration - 1);
  await finetune(run, iteration);
  await validate(run, iteration);
  await evaluate(run, iteration);
  await report(run, iteration);
}

/** A run of a line that has too little to train on asks nothing and says so. */
async function skip(run: RunContext): Promise<RunOutcome> {
  await report(run, 0);
  await condition(allHandlersFinished);
  return run.outcome();
}

/** A run that ends early is finished by a record that says why; its report shows it. */
async function land(run: RunContext): Promise<void> {
  await recordLanding(run);
  await report(run, Math.max(0, run.finished));
}

/** One history per iteration keeps each one small, however many iterations a run has. */
function goOn(run: RunContext): Promise<never> {
  return continueAsNew<(continued: Continued) => Promise<RunOutcome>>({ continued: run.next() });
}
