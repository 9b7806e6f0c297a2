/** The steps of one iteration, in the paper's order; each leaves artifacts behind and returns references and counts. */
import {
  ActivityFailure,
  ApplicationFailure,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { workflowTypes } from '../src/contract/names';
import type { RunPlan, ShardOutcome } from '../src/contract/run';
import { evaluateWorkflowId, finetuneWorkflowId } from '../src/domain/identifiers';
import { light } from './activity-proxies';
import { debateProblems } from './debate-problems';
import type { evaluateSociety } from './evaluate-society';
import { refuseTooManyFailures } from './failed-problems';
import type { finetuneSociety } from './finetune-society';
import { outlastingOutages } from './outages';
import type { RunContext } from './run-context';

/** The specification becomes a plan; a bad one fails the run with the refusal itself, not with "an activity failed". */
export async function resolveRun(input: unknown[]): Promise<RunPlan> {
  try {
    return await light.resolveRun({ input });
  } catch (error) {
    throw error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;
  }
}

/** Society l-1 debates the training problems (Algorithm 1, lines 3-21). */
export async function debateTrainingProblems(run: RunContext, iteration: number): Promise<ShardOutcome[]> {
  const { plan } = run;
  return run.inStage('debate', iteration, plan.trainProblems, async () => {
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
        onClosed: (shard) => run.advance(shard.problems, shard.failed, shard.counts),
      },
      run.gate,
    );
    refuseTooManyFailures(plan, 'training debate', { failed: run.open.failed, problems: plan.trainProblems });
    return shards;
  });
}

/** Each agent's training set: its own responses that agreed with the vote (lines 22-26). */
export async function selectTrainingData(run: RunContext, iteration: number, shards: ShardOutcome[]): Promise<void> {
  const { plan } = run;
  await run.inStage('select', iteration, plan.trainProblems, async () => {
    const select = () =>
      light.selectTrainingData({ plan, iteration, transcripts: shards.map(({ transcripts }) => transcripts) });
    await outlastingOutages(run.gate, select);
    // How right the vote was, for the report only: nothing that trains anybody reads it.
    await outlastingOutages(run.gate, () => light.auditTraining({ plan, iteration, shards }));
    run.advance(plan.trainProblems);
  });
}

/** Every agent learns from its own set; together they are society l (lines 27-30). */
export async function finetune(run: RunContext, iteration: number): Promise<void> {
  const { plan } = run;
  await run.inStage('finetune', iteration, plan.trainedAgents.length, async () => {
    const workflowId = finetuneWorkflowId(plan.runId, iteration);
    const outcomes = await run.gate.withChild(workflowId, () =>
      startChild<typeof finetuneSociety>(workflowTypes.finetune, {
        ...childOptions(workflowId, `${plan.trainedAgents.length} agents, iteration ${iteration}`),
        args: [{ plan, iteration, paused: run.gate.paused }],
      }),
    );
    run.advance(outcomes.length);
    run.trained(outcomes);
  });
}

/** Society l answers the evaluation problems and is scored (method, section 4). */
export async function evaluate(run: RunContext, iteration: number): Promise<void> {
  const { plan } = run;
  await run.inStage('evaluate', iteration, plan.evaluationProblems, async () => {
    const workflowId = evaluateWorkflowId(plan.runId, iteration);
    const outcome = await run.gate.withChild(workflowId, () =>
      startChild<typeof evaluateSociety>(workflowTypes.evaluate, {
        ...childOptions(workflowId, `society of iteration ${iteration}`),
        args: [
          {
            plan,
            iteration,
            last: run.stopsEarly,
            paused: run.gate.paused,
            debateSeconds: debateSeconds(run, iteration),
          },
        ],
      }),
    );
    run.advance(outcome.problems, outcome.failed, outcome.counts);
    run.evaluated(iteration, outcome.accuracy);
  });
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
