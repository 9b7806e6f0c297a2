/** A split's problems, debated by a window of `debateShard` children. */
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { workflowTypes } from '../src/contract/names';
import type { RunPlan, ShardInput, ShardOutcome } from '../src/contract/run';
import type { Split } from '../src/contract/transcript';
import { shardWorkflowId } from '../src/domain/identifiers';
import type { debateShard } from './debate-shard';
import type { PauseGate } from './pause-gate';
import { inWindow } from './window';

export interface DebateRequest {
  plan: RunPlan;
  split: Split;
  /** Folder the turns are stored under. */
  iteration: number;
  /** The society that debates: l-1 for training, l for evaluation. */
  societyIteration: number;
  rounds: number;
  members: number;
  voteSamples: number;
  problems: number;
  /** Called as each shard closes. */
  onClosed: (shard: ShardOutcome) => void;
}

/** Debates all problems of a split; outcomes in shard order. */
export async function debateProblems(request: DebateRequest, gate: PauseGate): Promise<ShardOutcome[]> {
  return inWindow(sliceIntoShards(request), request.plan.shardsInFlight, async (input) => {
    await gate.whenOpen();
    const workflowId = shardWorkflowId(request.plan.runId, request.iteration, request.split, input.shard);
    const outcome = await gate.withChild(workflowId, () => startShard(workflowId, { ...input, paused: gate.paused }));
    request.onClosed(outcome);
    return outcome;
  });
}

function startShard(workflowId: string, input: ShardInput) {
  return startChild<typeof debateShard>(workflowTypes.shard, {
    workflowId,
    args: [input],
    // A resumed run starts its shards again under the same ids; a closed shard finds its transcripts and returns.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    // A run that is terminated takes its shards with it; nothing debates for nobody.
    parentClosePolicy: ParentClosePolicy.TERMINATE,
    staticSummary: `${input.split} problems ${input.from + 1}-${input.from + input.count}, iteration ${input.iteration}`,
  });
}

function sliceIntoShards(request: DebateRequest): ShardInput[] {
  const { plan, split, iteration, societyIteration, rounds, members, voteSamples, problems } = request;
  const shards = Math.ceil(problems / plan.shardSize);
  return Array.from({ length: shards }, (_, shard) => {
    const from = shard * plan.shardSize;
    const count = Math.min(plan.shardSize, problems - from);
    return { plan, iteration, split, societyIteration, rounds, members, shard, from, count, voteSamples };
  });
}
