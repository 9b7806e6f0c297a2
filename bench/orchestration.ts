/**
 * How many debate turns the orchestration alone carries: the real workflows, workers and server, with activities that
 * return at once. Beside it, on the same server, the least that as many activities cost: what is possible here at all.
 */
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import type { Activities } from '../activities';
import type { RunPlan } from '../src/contract/run';
import { runTogether, serveActivities, type RunningWorkers, type WorkerSettings } from '../src/worker';
import { plainActivities, plainPlan } from '../test/support/plain-activities';
import { bareActivitiesQueue, type BareActivities, type BareDebate } from './bare-workflows';
import type { Benchmark, BenchmarkResult } from './measurement';
import { whileServing, withTemporal, type BenchServer } from './temporal';

const sizes = { trainProblems: 1_000, evaluationProblems: 50, shardSize: 50, shardsInFlight: 8, problemsInFlight: 8 };
const slots = { turnSlots: 200, trainingSlots: 2 };

export const orchestration: Benchmark = {
  name: 'orchestration',
  title: 'debate turns per second, activities that return at once',
  run: ({ temporal, scale }) => withTemporal(temporal, (server) => measure(server, scale)),
};

async function measure(server: BenchServer, scale: number): Promise<BenchmarkResult> {
  const plan = plainPlan({ ...sizes, trainProblems: Math.ceil(sizes.trainProblems * scale) });
  // The machine's speed drifts: half of the bare debate before the run, half after it.
  const bareBefore = await bareDebate(server, plan);
  const { root, ...run } = await debate(server, plan);
  const bareAfter = await bareDebate(server, plan);
  const bare = (bareBefore.turns + bareAfter.turns) / (bareBefore.seconds + bareAfter.seconds);
  const { turns, seconds, cpu } = run;
  return {
    benchmark: orchestration.name,
    measurements: [
      { measure: 'turns per second', value: turns / seconds, unit: '1/s', target: { kind: 'at least', value: 250 } },
      { measure: 'bare activities per second', value: bare, unit: '1/s' },
      { measure: 'turns / bare activities', value: turns / seconds / bare, unit: '' },
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

/** A run of one iteration. */
async function debate({ client, settings, cpuSeconds }: BenchServer, plan: RunPlan) {
  const stopwatch = watchTurns(plainActivities(plan), cpuSeconds);
  const workers = await serveActivities(settings(slots), stopwatch.activities);
  const root = await whileServing(workers, async () => {
    const workflowId = `maft/${plan.runId}`;
    // The evaluation of iteration 0 comes first and warms everything up.
    const handle = await client.workflow.start('multiagentFinetuning', { workflowId, taskQueue: 'maft', args: [{}] });
    await handle.result();
    return (await handle.describe()).historyLength;
  });
  return { root, ...stopwatch.result() };
}

/** Half as many problems as the run has, with its sizes, after a few that warm everything up. */
async function bareDebate({ client, settings }: BenchServer, plan: RunPlan) {
  const { shardSize, shardsInFlight, problemsInFlight, members, rounds } = plan;
  const shards = Math.max(1, Math.round(plan.trainProblems / 2 / shardSize));
  const sized: BareDebate = { shards, shardSize, shardsInFlight, problemsInFlight, members, rounds };
  const run = (debated: BareDebate) =>
    client.workflow.execute('bareDebate', { workflowId: 'bare', taskQueue: bareQueue, args: [debated] });
  return whileServing(await serveBareDebates(settings(slots)), async () => {
    await run({ ...sized, shards: 2, shardSize: 10 });
    const began = performance.now();
    await run(sized);
    return { turns: shards * shardSize * members * rounds, seconds: (performance.now() - began) / 1_000 };
  });
}

const bareQueue = 'bare';

async function serveBareDebates({ connection, turnSlots }: WorkerSettings): Promise<RunningWorkers> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: path.join(__dirname, 'bare-workflows.js'),
    logger: new DefaultLogger('ERROR'),
  });
  const activities: BareActivities = { bareTurn: async () => ({ answer: '36', counts: { calls: 1 } }) };
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: bareQueue, workflowBundle }),
    Worker.create({
      connection,
      taskQueue: bareActivitiesQueue,
      activities,
      maxConcurrentActivityTaskExecutions: turnSlots,
    }),
  ]);
  return runTogether(workers);
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
    const cpu = { worker: worker - began.worker, server: server - began.server };
    return { turns, seconds: at - began.at, cpu };
  };
  return { activities: watched, result };
}
