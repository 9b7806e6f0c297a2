/**
 * How many debate turns the orchestration alone carries: the real workflows, workers and server, with activities that
 * return at once.
 */
import type { Activities } from '../activities';
import { serveActivities } from '../src/worker';
import { plainActivities, plainPlan } from '../test/support/plain-activities';
import type { Benchmark, BenchmarkResult } from './measurement';
import { whileServing, withTemporal, type BenchServer } from './temporal';

const sizes = { trainProblems: 1_000, evaluationProblems: 50, shardSize: 50, shardsInFlight: 8, problemsInFlight: 8 };
const slots = { turnSlots: 200, trainingSlots: 2 };

export const orchestration: Benchmark = {
  name: 'orchestration',
  title: 'debate turns per second, activities that return at once',
  run: ({ temporal, scale }) => withTemporal(temporal, (server) => measure(server, scale)),
};

async function measure({ client, settings, cpuSeconds }: BenchServer, scale: number): Promise<BenchmarkResult> {
  const plan = plainPlan({ ...sizes, trainProblems: Math.ceil(sizes.trainProblems * scale) });
  const stopwatch = watchTurns(plainActivities(plan), cpuSeconds);
  const workers = await serveActivities(settings(slots), stopwatch.activities);
  const root = await whileServing(workers, async () => {
    const workflowId = `maft/${plan.runId}`;
    // The evaluation of iteration 0 comes first and warms everything up.
    const handle = await client.workflow.start('multiagentFinetuning', { workflowId, taskQueue: 'maft', args: [{}] });
    await handle.result();
    return (await handle.describe()).historyLength;
  });
  const { turns, seconds, ...cpu } = stopwatch.result();
  return {
    benchmark: orchestration.name,
    measurements: [
      { measure: 'turns per second', value: turns / seconds, unit: '1/s', target: { kind: 'at least', value: 250 } },
      // Says what a machine with idle cores could reach, whatever this one was busy with.
      { measure: 'CPU seconds per 1,000 turns, worker', value: (1_000 * cpu.worker) / turns, unit: 's' },
      { measure: 'CPU seconds per 1,000 turns, server', value: (1_000 * cpu.server) / turns, unit: 's' },
      { measure: 'problems per second', value: plan.trainProblems / seconds, unit: '1/s' },
      { measure: 'events in the history of the run', value: root, unit: '', target: { kind: 'at most', value: 4_000 } },
    ],
    setting: {
      ...sizes,
      ...slots,
      trainProblems: plan.trainProblems,
      members: plan.members,
      rounds: plan.rounds,
      turns,
      seconds,
    },
  };
}

interface Reading {
  at: number;
  worker: number;
  server: number;
}

/** Times the training debate, from its first shard's opening to its last one's close. */
function watchTurns(activities: Activities, serverCpuSeconds: () => number) {
  let turns = 0;
  let began: Reading | undefined;
  let ended: Reading | undefined;
  const read = (): Reading => {
    const { user, system } = process.cpuUsage();
    return { at: performance.now() / 1_000, worker: (user + system) / 1e6, server: serverCpuSeconds() };
  };
  const watched: Activities = {
    ...activities,
    openShard: async (shard) => {
      if (shard.split === 'train') began ??= read();
      return activities.openShard(shard);
    },
    takeTurn: async (turn) => {
      if (turn.split === 'train') turns += 1;
      return activities.takeTurn(turn);
    },
    closeShard: async (input) => {
      if (input.shard.split === 'train') ended = read();
      return activities.closeShard(input);
    },
  };
  const result = () => {
    if (began === undefined || ended === undefined) throw new Error('no training debate was held');
    const { at, worker, server } = ended;
    return { turns, seconds: at - began.at, worker: worker - began.worker, server: server - began.server };
  };
  return { activities: watched, result };
}
