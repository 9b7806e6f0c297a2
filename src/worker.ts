/**
 * The worker: polls the four task queues (or one), wired to the ports of this machine. One process serves all by
 * default; with several machines, each serves the queues it can (`maft worker --queue gpu`).
 */
import { type NativeConnection, Worker, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';
import { activityQueues, createActivities, type ActivityDependencies, type Activities } from '../activities';
import { workflowBundle } from './bundle';
import { taskQueues, type QueueRole } from './contract/names';

export interface WorkerSettings {
  connection: NativeConnection;
  namespace: string;
  /** Queues to serve; all four by default. */
  roles: QueueRole[];
  /** Turns at a time, including those that wait for their endpoint: see `turnsToFetch`. */
  turnSlots: number;
  /** Trainings at a time: one per GPU, or per core that may be taken. */
  trainingSlots: number;
  /** The built bundle by default. */
  workflowBundle?: WorkflowBundleOption;
  /** The name of this worker in histories and the UI; process and host by default. */
  identity?: string;
}

export const allRoles: QueueRole[] = ['workflows', 'light', 'llm', 'gpu'];

export interface RunningWorkers {
  /** Resolves when all have stopped; rejects if one fails. */
  finished: Promise<void>;
  /** Stops polling; activities in flight are cancelled after the grace time. */
  shutdown: () => void;
}

/** Starts one Temporal worker per queue, with the activities made from these ports. */
export async function startWorkers(
  settings: WorkerSettings,
  dependencies: ActivityDependencies,
): Promise<RunningWorkers> {
  return serveActivities(settings, createActivities(dependencies));
}

/** As `startWorkers`, with existing activities. */
export async function serveActivities(settings: WorkerSettings, activities: Activities): Promise<RunningWorkers> {
  return runTogether(await Promise.all(settings.roles.map((role) => createWorker(settings, role, activities))));
}

/** Runs workers as one: a process that serves half its queues would look healthy, so one that fails takes the others with it. */
export function runTogether(workers: Worker[]): RunningWorkers {
  const finished = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  const shutdown = () =>
    workers.filter((worker) => worker.getState() === 'RUNNING').forEach((worker) => worker.shutdown());
  finished.catch(shutdown);
  return { finished, shutdown };
}

async function createWorker(settings: WorkerSettings, role: QueueRole, activities: Activities): Promise<Worker> {
  const { connection, namespace, identity } = settings;
  // The native side accepts a missing identity, but not an undefined one.
  const named = identity === undefined ? {} : { identity };
  const common = { connection, namespace, ...named, taskQueue: taskQueues[role], ...gracefulShutdown };
  if (role === 'workflows') {
    const bundle = settings.workflowBundle ?? (await workflowBundle());
    return Worker.create({ ...common, ...workflowOptions, workflowBundle: bundle });
  }
  return Worker.create({
    ...common,
    activities: Object.fromEntries(activityQueues[role].map((name) => [name, activities[name]])),
    maxConcurrentActivityTaskExecutions: slots(settings, role),
    ...(role === 'llm' ? manyTurns : {}),
  });
}

function slots({ turnSlots, trainingSlots }: WorkerSettings, role: Exclude<QueueRole, 'workflows'>): number {
  if (role === 'llm') return turnSlots;
  // Grading and votes take a core for seconds; more of them at once would only share it.
  return role === 'gpu' ? trainingSlots : 4;
}

/**
 * Turns to hold for endpoints with this many calls in flight: twice as many, so that a call that ends is followed at once by
 * a turn that is already here, not by one that Temporal has yet to hand out.
 */
export function turnsToFetch(calls: number): number {
  return 2 * calls;
}

/** Default is 0: activities would be cancelled at once. A turn in flight usually ends within seconds. */
const gracefulShutdown: Pick<WorkerOptions, 'shutdownGraceTime'> = { shutdownGraceTime: '10 seconds' };

const workflowOptions: Pick<WorkerOptions, 'maxCachedWorkflows'> = {
  // Each cached workflow costs memory; a run has about ten open at a time.
  maxCachedWorkflows: 200,
};

/** Turns are many and short: one poller fetches them one by one and falls behind. */
const manyTurns: Pick<WorkerOptions, 'maxConcurrentActivityTaskPolls'> = { maxConcurrentActivityTaskPolls: 10 };
