/** What the closed shards of a run returned, read from the store: the one reader of every split, validation included. */
import { readSealed } from '../artifacts/sealed';
import type { RunPlan, RunRecord, ShardOutcome } from '../contract/run';
import { validationSplit, type Split } from '../contract/transcript';
import { iterationsTo } from '../domain/identifiers';
import { iterationKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';

/** Every split that a run may debate. */
export const splits: readonly Split[] = ['train', 'eval', validationSplit];

/** Closed shards of one split in one iteration, in their order; shards that are still open are left out. */
export async function readShards(
  store: ArtifactStore,
  { runId, plan }: { runId: string; plan: Pick<RunPlan, 'shardSize'> & SplitSizes },
  { iteration, split }: { iteration: number; split: Split },
): Promise<ShardOutcome[]> {
  const shards = Array.from({ length: Math.ceil(problemsOf(plan, split) / plan.shardSize) }, (_, shard) =>
    readSealed<ShardOutcome>(store, iterationKeys.shardOutcome({ runId, iteration, split, shard })),
  );
  return (await Promise.all(shards)).filter((outcome) => outcome !== undefined);
}

/** Closed shards of one split over all iterations that the run may have. */
export async function readAllShards(
  store: ArtifactStore,
  record: Pick<RunRecord, 'runId' | 'plan'>,
  split: Split,
): Promise<ShardOutcome[]> {
  const iterations = iterationsTo(record.plan.iterations);
  return (await Promise.all(iterations.map((iteration) => readShards(store, record, { iteration, split })))).flat();
}

type SplitSizes = Pick<RunPlan, 'trainProblems' | 'evaluationProblems' | 'validationProblems'>;

function problemsOf({ trainProblems, evaluationProblems, validationProblems = 0 }: SplitSizes, split: Split): number {
  return { train: trainProblems, eval: evaluationProblems, [validationSplit]: validationProblems }[split];
}
