/**
 * The least that debates cost on Temporal: as many activities in the same order, and nothing else. What the product's
 * own workflows add is seen beside it.
 */
import { executeChild, proxyActivities } from '@temporalio/workflow';
import { inWindow } from '../workflows/window';

/** Sizes of a bare debate; those of one shard are problems. */
export interface BareDebate {
  shards: number;
  shardsInFlight: number;
  shardSize: number;
  problemsInFlight: number;
  members: number;
  rounds: number;
}

export const bareActivitiesQueue = 'bare-activities';

/** @param turn A value of about the size of a turn's input. */
export type BareActivities = { bareTurn: (turn: object) => Promise<object> };

const { bareTurn } = proxyActivities<BareActivities>({
  taskQueue: bareActivitiesQueue,
  startToCloseTimeout: '1 minute',
  allowEagerDispatch: false,
});

export async function bareDebate(debate: BareDebate): Promise<void> {
  const shards = Array.from({ length: debate.shards }, (_, shard) => shard);
  await inWindow(shards, debate.shardsInFlight, () => executeChild(bareShard, { args: [debate] }));
}

export async function bareShard({ shardSize, problemsInFlight, members, rounds }: BareDebate): Promise<void> {
  const problems = Array.from({ length: shardSize }, (_, problem) => `train-${problem}`);
  await inWindow(problems, problemsInFlight, async (problemId) => {
    for (let round = 1; round <= rounds; round++) {
      const turns = Array.from({ length: members }, (_, member) => ({ runId: 'bare', problemId, round, member }));
      const taken = turns.map((turn) =>
        bareTurn.executeWithOptions({ summary: `${problemId} · round ${round} · ${turn.member}` }, [turn]),
      );
      await Promise.all(taken);
    }
  });
}
