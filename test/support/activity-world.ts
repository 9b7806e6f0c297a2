/**
 * One run's activities in a `MockActivityEnvironment`, called in the order in which the workflows call them; doubles
 * only where a model or a trainer would be. For tests of activities, without a Temporal server.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities, type Activities, type ActivityDependencies } from '../../activities';
import type { ProblemFailure, RunPlan, ShardInput, ShardOutcome, TurnInput } from '../../src/contract/run';
import { memberNumbers } from '../../src/domain/identifiers';
import { fakeBaseModel, fakeWorld, type FakeWorld } from './fake-ports';

type Info = ConstructorParameters<typeof MockActivityEnvironment>[0];
type ActivityName = keyof Activities;
type InputOf<Name extends ActivityName> = Parameters<Activities[Name]>[0];
type ResultOf<Name extends ActivityName> = Awaited<ReturnType<Activities[Name]>>;

export interface ActivityWorld extends FakeWorld {
  folder: string;
  /** Calls an activity in an environment of its own, as one attempt. */
  call: <Name extends ActivityName>(name: Name, input: InputOf<Name>, attempt?: Attempt) => Promise<ResultOf<Name>>;
  /** Stores a run of this specification and returns its plan. */
  resolve: (runId: string, changes?: object) => Promise<RunPlan>;
  /** All turns of a shard, round by round, and its close. */
  debate: (shard: ShardInput, failures?: ProblemFailure[]) => Promise<ShardOutcome>;
  /** Works with activities of a new worker over the same store, which remember nothing. */
  restarted: <Result>(work: (call: ActivityWorld['call']) => Promise<Result>) => Promise<Result>;
  remove: () => Promise<void>;
}

export interface Attempt {
  info?: Info;
  environment?: MockActivityEnvironment;
}

/** @param adapt Replaces some of the ports. */
export async function activityWorld(
  adapt: (world: FakeWorld) => Partial<ActivityDependencies> = () => ({}),
): Promise<ActivityWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'maft-activities-'));
  const world = fakeWorld(folder);
  const dependencies = { ...world.dependencies, ...adapt(world) };
  const newWorker = (): ActivityWorld['call'] => {
    const activities = createActivities(dependencies);
    return (name, input, { info, environment } = {}) => {
      const mock = environment ?? new MockActivityEnvironment(info);
      return mock.run(activities[name] as never, input) as Promise<ResultOf<typeof name>>;
    };
  };
  const call = newWorker();
  const resolve = (runId: string, changes: object = {}): Promise<RunPlan> => {
    const info = { workflowExecution: { workflowId: `maft/${runId}`, runId: '1' } };
    return call('resolveRun', { input: [smallSpecification(changes)] }, { info });
  };
  const debate: ActivityWorld['debate'] = async (shard, failures = []) => {
    const { problemIds } = await call('openShard', shard);
    const failed = new Set(failures.map(({ problemId }) => problemId));
    for (const problemId of problemIds.filter((id) => !failed.has(id))) {
      for (const round of memberNumbers(shard.rounds)) {
        const turns = memberNumbers(shard.plan.members).map((member) =>
          call('takeTurn', turnOf(shard, { problemId, round, member })),
        );
        await Promise.all(turns);
      }
    }
    return call('closeShard', { shard, failures });
  };
  return {
    ...world,
    dependencies,
    folder,
    call,
    resolve,
    debate,
    restarted: (work) => work(newWorker()),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A run of a few problems; every field may be replaced. */
export function smallSpecification(changes: object = {}): object {
  return {
    task: { kind: 'arithmetic', max: 10, train: 4, eval: 4 },
    model: { base: fakeBaseModel },
    method: { prompts: 'compact' },
    iterations: 1,
    ...changes,
  };
}

/** All training problems of iteration 1 as one shard. */
export function trainingShard(plan: RunPlan, changes: Partial<ShardInput> = {}): ShardInput {
  const size = { from: 0, count: plan.trainProblems, voteSamples: 0 };
  return {
    plan,
    iteration: 1,
    split: 'train',
    societyIteration: 0,
    rounds: plan.rounds,
    shard: 0,
    ...size,
    ...changes,
  };
}

/** All evaluation problems of iteration 0 as one shard. */
export function evaluationShard(plan: RunPlan): ShardInput {
  return trainingShard(plan, {
    iteration: 0,
    split: 'eval',
    count: plan.evaluationProblems,
    rounds: plan.evaluationRounds,
  });
}

export function turnOf(shard: ShardInput, turn: Pick<TurnInput, 'problemId' | 'round' | 'member'>): TurnInput {
  const { plan, iteration, societyIteration, split } = shard;
  return { runId: plan.runId, recordDigest: plan.recordDigest, iteration, societyIteration, split, ...turn };
}
