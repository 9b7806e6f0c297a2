/**
 * Several methods on the same problems: one ordinary run per task, seed and method, then one table. The methods of one
 * task and seed follow each other, because each adopts what those before it were answered (`execution.reuseTurnsOf`);
 * different tasks and seeds may run side by side. A run that fails is recorded, and the others go on.
 */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  ParentClosePolicy,
  startChild,
  TemporalFailure,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { ComparisonOutcome } from '../src/contract/comparison';
import { workflowTypes } from '../src/contract/names';
import { rootWorkflowId } from '../src/domain/identifiers';
import { light } from './activity-proxies';
import { startComparison, type ComparisonContext, type ContinuedComparison } from './comparison-context';
import type { multiagentFinetuning } from './multiagent-finetuning';
import { outlastingOutages } from './outages';
import { refusedAsItself } from './refusals';
import { inWindow } from './window';

/** A child adds about a dozen events; this many stay far below the 4,096 at which a history should end. */
const runsPerHistory = 150;

export async function compareMethods(...input: unknown[]): Promise<ComparisonOutcome> {
  const comparison = startComparison(input);
  if (!comparison.isContinued) {
    const resolve = () => outlastingOutages(comparison.gate, () => light.resolveComparison({ input }));
    comparison.begin(await refusedAsItself(resolve));
  }

  const groups = comparison.takeGroups(runsPerHistory);
  await inWindow(groups, comparison.plan.runsInFlight, (group) => performGroup(comparison, group.runs));
  if (isCancelled()) throw new CancelledFailure('the comparison was cancelled');

  await condition(allHandlersFinished);
  if (comparison.hasMore) await goOn(comparison);
  const outcome = await writeComparison(comparison);
  comparison.finish();
  return outcome;
}

/** All methods on one task with one seed. Ends without an error when cancelled, so that the groups beside it can end too. */
async function performGroup(comparison: ComparisonContext, runIds: string[]): Promise<void> {
  for (const runId of runIds) {
    if (!isCancelled()) await performRun(comparison, runId);
  }
  if (!isCancelled()) await writeComparison(comparison);
}

function isCancelled(): boolean {
  return CancellationScope.current().consideredCancelled;
}

/** A finished run is not started again; an interrupted one continues. */
async function performRun(comparison: ComparisonContext, runId: string): Promise<void> {
  const { gate, plan } = comparison;
  const { comparisonId } = plan;
  try {
    const { finished, specification } = await outlastingOutages(gate, () =>
      light.openComparedRun({ comparisonId, runId }),
    );
    if (!finished) await runMethod(comparison, runId, specification);
    comparison.succeeded();
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    // Cancelling the whole comparison is not a failure; cancelling one run alone is.
    if (!isCancelled()) comparison.failed(runId, error);
  }
}

async function runMethod({ gate }: ComparisonContext, runId: string, specification: object): Promise<void> {
  await gate.whenOpen();
  const workflowId = rootWorkflowId(runId);
  await gate.withChild(workflowId, () =>
    startChild<typeof multiagentFinetuning>(workflowTypes.run, {
      workflowId,
      staticSummary: `run ${runId}`,
      args: [specification],
      // A resumed comparison starts an unfinished run again under the same id; what is done is found in the store.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      // A comparison that is terminated takes its runs with it.
      parentClosePolicy: ParentClosePolicy.TERMINATE,
    }),
  );
}

/** A view of everything so far; written after every task and seed, so that a comparison can be read while it goes on. */
async function writeComparison({ gate, plan, failures }: ComparisonContext): Promise<ComparisonOutcome> {
  return outlastingOutages(gate, () =>
    light.writeComparison({ comparisonId: plan.comparisonId, failed: [...failures] }),
  );
}

function goOn(comparison: ComparisonContext): Promise<never> {
  return continueAsNew<(continued: ContinuedComparison) => Promise<ComparisonOutcome>>({
    continuedComparison: comparison.next(),
  });
}
