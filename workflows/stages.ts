/** The steps of one iteration, in the paper's order; each leaves artifacts behind and returns references and counts. */
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { workflowTypes } from '../src/contract/names';
import type { Allowance } from '../src/contract/limits';
import type { EvaluationInput, EvaluationOutcome, FinetuneOutcome, RunPlan, ShardOutcome } from '../src/contract/run';
import { validationSplit } from '../src/contract/transcript';
import { spentOn } from '../src/domain/counts';
import { evaluateWorkflowId, finetuneWorkflowId } from '../src/domain/identifiers';
import { larger, nothing, plus } from '../src/domain/spending';
import { shortestTraining, worstDebates } from '../src/domain/worst-case';
import { light } from './activity-proxies';
import { debateProblems } from './debate-problems';
import type { evaluateSociety } from './evaluate-society';
import { refuseTooManyFailures } from './failed-problems';
import type { finetuneSociety } from './finetune-society';
import { debateLanding, debatedProblems, requireTimeToEvaluate, requireTimeToTrain } from './landing';
import { outlastingOutages } from './outages';
import type { PauseGate } from './pause-gate';
import { refusedAsItself } from './refusals';
import type { RunContext } from './run-context';

/** The specification becomes a plan, or the run fails with the refusal. */
export async function resolveRun(gate: PauseGate, input: unknown[]): Promise<RunPlan> {
  return refusedAsItself(() => outlastingOutages(gate, () => light.resolveRun({ input })));
}

/** Society l-1 debates the training problems (Algorithm 1, lines 3-21). */
export async function debateTrainingProblems(run: RunContext, iteration: number): Promise<ShardOutcome[]> {
  const { plan } = run;
  requireTimeToTrain(run, iteration, 0);
  return run.inStage('debate', iteration, plan.trainProblems, async () => {
    const landing = debateLanding(run, iteration);
    const shards = await debateProblems(
      {
        plan,
        split: 'train',
        iteration,
        societyIteration: iteration - 1,
        rounds: plan.rounds,
        members: plan.members,
        voteSamples: 0,
        problems: plan.trainProblems,
        purse: run.treasury.purse,
        mayOpen: landing.mayOpen,
        onClosed: (shard) => {
          landing.closed(shard);
          run.advance(shard.problems, shard.failed, spentOn(shard));
        },
      },
      run.gate,
    );
    await landing.settle(shards);
    refuseTooManyFailures(plan, 'training debate', { failed: run.open.failed, problems: debatedProblems(shards) });
    return shards;
  });
}

/** Each agent's training set: its own responses that agreed with the vote (lines 22-26). */
export async function selectTrainingData(run: RunContext, iteration: number, shards: ShardOutcome[]): Promise<void> {
  const { plan } = run;
  requireTimeToTrain(run, iteration, debatedProblems(shards));
  await run.inStage('select', iteration, plan.trainProblems, async () => {
    const select = () =>
      light.selectTrainingData({ plan, iteration, transcripts: shards.map(({ transcripts }) => transcripts) });
    await outlastingOutages(run.gate, select);
    // How often the vote was right, for the report only: no training reads it.
    await outlastingOutages(run.gate, () => light.auditTraining({ plan, iteration, shards }));
    run.advance(plan.trainProblems);
  });
}

/** If `guard` says so, signs of collapse in the training debate end or pause the run before any agent learns from it. */
export async function isEndedByGuard(run: RunContext, iteration: number, shards: ShardOutcome[]): Promise<boolean> {
  const { plan, gate } = run;
  if (plan.guard === undefined) return false;
  const { found, stopped } = await outlastingOutages(gate, () => light.checkForCollapse({ plan, iteration, shards }));
  if (found !== undefined && plan.guard === 'pause') {
    // If people had paused the run meanwhile, resuming that pause must not skip this one.
    await gate.whenOpen();
    await gate.pauseSelf(`guard: ${found}`);
  }
  if (stopped !== undefined) run.endByGuard(stopped);
  return stopped !== undefined;
}

/** Every agent learns from its own set; together the agents form society l (lines 27-30). */
export async function finetune(run: RunContext, iteration: number): Promise<void> {
  const { plan } = run;
  await run.inStage('finetune', iteration, plan.trainedAgents.length, async () => {
    const workflowId = finetuneWorkflowId(plan.runId, iteration);
    const perform = (allowance?: Allowance) =>
      run.gate.withChild(workflowId, () =>
        startChild<typeof finetuneSociety>(workflowTypes.finetune, {
          ...childOptions(workflowId, `${plan.trainedAgents.length} agents, iteration ${iteration}`),
          args: [{ plan, iteration, paused: run.gate.paused, ...(allowance && { allowance }) }],
        }),
      );
    const outcomes = await paidFinetuning(run, workflowId, perform);
    run.advance(outcomes.length);
    run.trained(outcomes);
  });
}

/** Trainings take time on a device and no calls, so only a limit of that is granted to them. */
function paidFinetuning(
  { treasury: { purse } }: RunContext,
  id: string,
  perform: (allowance?: Allowance) => Promise<FinetuneOutcome[]>,
): Promise<FinetuneOutcome[]> {
  const gpuSeconds = purse?.account.caps.gpuSeconds;
  if (purse === undefined || gpuSeconds === undefined) return perform();
  const charged = (outcomes: FinetuneOutcome[]) => plus(nothing, ...outcomes.flatMap((each) => each.charged ?? []));
  return purse.withPart(
    { id, needs: shortestTraining, wants: { ...nothing, gpuSeconds }, shares: 1, charged },
    perform,
  );
}

/** Society l answers the evaluation problems and is scored (method.md, Evaluation). */
export async function evaluate(run: RunContext, iteration: number): Promise<void> {
  requireTimeToEvaluate(run, iteration);
  await run.inStage('evaluate', iteration, run.plan.evaluationProblems, async () => {
    const input = { last: run.stopsEarly, debateSeconds: debateSeconds(run, iteration) };
    const { accuracy } = await scoreSociety(run, iteration, input);
    run.evaluated(iteration, accuracy);
  });
}

/** The same on the validation split, if `stopWhen` uses one; evaluation problems decide nothing. */
export async function validate(run: RunContext, iteration: number): Promise<void> {
  const problems = run.plan.validationProblems ?? 0;
  if (problems === 0) return;
  await run.inStage('validate', iteration, problems, async () => {
    const { accuracy } = await scoreSociety(run, iteration, { split: validationSplit });
    // The validation split is drawn among labelled problems.
    run.validated(accuracy ?? 0);
  });
}

async function scoreSociety(
  run: RunContext,
  iteration: number,
  input: Pick<EvaluationInput, 'split' | 'last' | 'debateSeconds'>,
): Promise<EvaluationOutcome> {
  const { plan, gate } = run;
  const workflowId = evaluateWorkflowId(plan.runId, iteration, input.split);
  const perform = (allowance?: Allowance) =>
    gate.withChild(workflowId, () =>
      startChild<typeof evaluateSociety>(workflowTypes.evaluate, {
        ...childOptions(workflowId, `society of iteration ${iteration}`),
        args: [{ plan, iteration, paused: gate.paused, ...input, ...(allowance && { allowance }) }],
      }),
    );
  const outcome = await paidEvaluation(run, workflowId, perform);
  run.advance(outcome.problems, outcome.failed, outcome.counts);
  return outcome;
}

/** It is granted all that is left, since nothing else goes on beside it, and gives back what it does not use. */
function paidEvaluation(
  { plan, treasury: { purse } }: RunContext,
  id: string,
  perform: (allowance?: Allowance) => Promise<EvaluationOutcome>,
): Promise<EvaluationOutcome> {
  if (purse === undefined) return perform();
  const { evaluationMembers: members = plan.members, evaluationRounds: rounds } = plan;
  const debate = { members, rounds, toSample: members, hints: false, problems: 1 };
  const needs = worstDebates(purse.limits, debate).step;
  const all = purse.account.left();
  const wants = { calls: all.calls ?? 0, tokens: all.tokens ?? 0, nanoUsd: all.nanoUsd ?? 0, gpuSeconds: 0 };
  const charged = (outcome: EvaluationOutcome) => outcome.charged;
  return purse.withPart({ id, needs, wants: larger(needs, wants), shares: 1, charged }, perform);
}

function debateSeconds({ timings }: RunContext, iteration: number): number | undefined {
  return timings.find((timing) => timing.stage === 'debate' && timing.iteration === iteration)?.seconds;
}

/** A view of everything so far; rebuilt after every iteration, so that a run can be read while it goes on. */
export async function report(run: RunContext, throughIteration: number): Promise<void> {
  const { plan, timings } = run;
  await run.inStage('report', throughIteration, 1, async () => {
    await outlastingOutages(run.gate, () => light.writeReport({ runId: plan.runId, throughIteration, timings }));
    run.advance(1);
  });
}

function childOptions(workflowId: string, staticSummary: string) {
  return {
    workflowId,
    staticSummary,
    // A resumed run starts its stages again under the same ids; what is done is found in the store.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    // A run that is terminated takes its children with it.
    parentClosePolicy: ParentClosePolicy.TERMINATE,
  };
}
