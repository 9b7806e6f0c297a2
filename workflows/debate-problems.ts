/** A split's problems, debated by a window of `debateShard` children. */
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { workflowTypes } from '../src/contract/names';
import type { Allowance } from '../src/contract/limits';
import type { FurtherAnswers, RunPlan, ShardInput, ShardOutcome } from '../src/contract/run';
import type { Split } from '../src/contract/transcript';
import { shardWorkflowId } from '../src/domain/identifiers';
import { worstDebates } from '../src/domain/worst-case';
import { light } from './activity-proxies';
import type { debateShard } from './debate-shard';
import { outlastingOutages } from './outages';
import type { PauseGate } from './pause-gate';
import type { Purse } from './purse';
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
  furtherAnswers?: FurtherAnswers | undefined;
  problems: number;
  /** Asked before a shard is opened, in their order; default: yes. */
  mayOpen?: (shard: ShardInput) => boolean;
  /** Absent without limits. */
  purse?: Purse | undefined;
  /** Called as each shard closes. */
  onClosed: (shard: ShardOutcome) => void;
}

/** Debates all problems of a split, or those of the shards that may be opened; outcomes in shard order. */
export async function debateProblems(request: DebateRequest, gate: PauseGate): Promise<ShardOutcome[]> {
  const shards = sliceIntoShards(request);
  const closed = await closedEarlier(request, shards.length, gate);
  const outcomes = await inWindow(shards, request.plan.shardsInFlight, async (input) => {
    const known = closed.get(input.shard);
    if (known !== undefined) {
      request.onClosed(known);
      return known;
    }
    await gate.whenOpen();
    if (request.mayOpen?.(input) === false) return undefined;
    const workflowId = shardWorkflowId(request.plan.runId, request.iteration, request.split, input.shard);
    const outcome = await paidShard(request.purse, input, async (allowance) => {
      // Waiting for the allowance may have taken until a pause.
      if (allowance !== undefined) await gate.whenOpen();
      const paused = gate.paused;
      return gate.withChild(workflowId, () =>
        startShard(workflowId, { ...input, paused, ...(allowance && { allowance }) }),
      );
    });
    request.onClosed(outcome);
    return outcome;
  });
  return outcomes.filter((outcome) => outcome !== undefined);
}

/** A shard of a run with limits is granted what all its debates may take, or a share of what is left. */
function paidShard(
  purse: Purse | undefined,
  { plan, count: problems, rounds, members = plan.members, voteSamples, furtherAnswers, ...place }: ShardInput,
  perform: (allowance?: Allowance) => Promise<ShardOutcome>,
): Promise<ShardOutcome> {
  if (purse === undefined) return perform();
  const { iteration, split, shard } = place;
  const hints = plan.hints === true && split === 'train';
  const toSample = Math.max(members, voteSamples);
  const worst = worstDebates(purse.limits, { problems, rounds, members, toSample, furtherAnswers, hints });
  const part = {
    id: shardWorkflowId(plan.runId, iteration, split, shard),
    ...{ needs: worst.step, wants: worst.all, shares: plan.shardsInFlight },
    charged: (outcome: ShardOutcome) => outcome.charged,
  };
  return purse.withPart(part, perform);
}

/** Outcomes per answer: a fraction of what a payload can hold. */
const outcomesAtOnce = 500;

/** Shards that an earlier start of the run has closed, with their outcomes; found without opening each shard again. */
async function closedEarlier(
  { plan, iteration, split }: DebateRequest,
  shards: number,
  gate: PauseGate,
): Promise<Map<number, ShardOutcome>> {
  const closed = new Map<number, ShardOutcome>();
  if (plan.resumed !== true) return closed;
  for (let from = 0; from < shards; from += outcomesAtOnce) {
    const range = { plan, iteration, split, from, count: Math.min(outcomesAtOnce, shards - from) };
    const found = await outlastingOutages(gate, () => light.findClosedShards(range));
    found.forEach((outcome) => closed.set(outcome.shard, outcome));
  }
  return closed;
}

function startShard(workflowId: string, input: ShardInput) {
  return startChild<typeof debateShard>(workflowTypes.shard, {
    workflowId,
    args: [input],
    // A resumed run starts its shards again under the same ids; a closed shard finds its transcripts and returns.
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    // A terminated run takes its shards with it.
    parentClosePolicy: ParentClosePolicy.TERMINATE,
    staticSummary: `${input.split} problems ${input.from + 1}-${input.from + input.count}, iteration ${input.iteration}`,
  });
}

function sliceIntoShards(request: DebateRequest): ShardInput[] {
  const { plan, split, iteration, societyIteration, rounds, members, voteSamples, furtherAnswers, problems } = request;
  const shards = Math.ceil(problems / plan.shardSize);
  return Array.from({ length: shards }, (_, shard) => {
    const from = shard * plan.shardSize;
    const count = Math.min(plan.shardSize, problems - from);
    return {
      plan,
      iteration,
      split,
      societyIteration,
      rounds,
      members,
      shard,
      from,
      count,
      voteSamples,
      furtherAnswers,
    };
  });
}
