/** A worker whose store is not mounted waits for people; it destroys no open run, and writes nothing in the mount's place. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunPlan } from '../../src/contract/run';
import type { Activities } from '../../activities';
import { iterationKeys } from '../../src/domain/keys';
import { activityWorld, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';

let world: ActivityWorld;
let plan: RunPlan;

beforeEach(async () => {
  world = await activityWorld();
  plan = await world.resolve('run');
});

afterEach(() => world.remove());

const runs = () => path.join(world.folder, 'runs');
const unmount = () => rename(runs(), `${runs()}-elsewhere`);
const mount = () => rename(`${runs()}-elsewhere`, runs());
const outage = () => ({
  type: 'ArtifactError',
  nonRetryable: false,
  message: expect.stringContaining(`runs/run/run.json: is not in this worker's store (${world.folder})`),
  details: [{ outage: true }],
});

test('every activity of a run that is in another store is an outage', async () => {
  const shard = trainingShard(plan);
  const { problemIds } = await world.call('openShard', shard);
  const closed = await world.debate(shard);
  const place = { plan, iteration: 1, shards: [closed] };
  const inputs: Partial<{ [Name in keyof Activities]: Parameters<Activities[Name]>[0] }> = {
    openShard: shard,
    takeTurn: turnOf(shard, { problemId: problemIds[0]!, round: 1, member: 1 }),
    closeShard: { shard, failures: [] },
    selectTrainingData: { plan, iteration: 1, transcripts: [closed.transcripts] },
    auditTraining: place,
    finetuneAgent: { runId: 'run', iteration: 1, agent: 'generation-1' },
    recordSociety: { plan, iteration: 1 },
    scoreEvaluation: place,
    writeReport: { runId: 'run', throughIteration: 0, timings: [] },
    openComparedRun: { comparisonId: 'table', runId: 'run' },
  };
  await unmount();
  // What is remembered of a run is taken for what is stored for a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  for (const [name, input] of Object.entries(inputs)) {
    const failure: unknown = await world
      .call(name as keyof Activities, input as never)
      .catch((error: unknown) => error);
    const key = name === 'openComparedRun' ? 'comparisons/table/comparison.json' : 'runs/run/run.json';
    const message = expect.stringContaining(`${key}: is not in this worker's store`);
    expect([name, failure]).toMatchObject([name, { ...outage(), message }]);
  }
  expect(existsSync(runs())).toBe(false);
});

test('the run goes on once the store is there', async () => {
  const shard = trainingShard(plan, { count: 1 });
  const { problemIds } = await world.call('openShard', shard);
  const turn = turnOf(shard, { problemId: problemIds[0]!, round: 1, member: 1 });
  await unmount();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await expect(world.call('takeTurn', turn)).rejects.toMatchObject(outage());
  await mount();
  await expect(world.call('takeTurn', turn)).resolves.toMatchObject({ counts: { calls: 1 } });
});

test('another artifact that is missing beside its run is none: waiting does not bring it back', async () => {
  await rm(path.join(world.folder, iterationKeys.society({ runId: 'run', iteration: 0 })));
  const shard = trainingShard(plan);
  const { problemIds } = await world.call('openShard', shard);
  const turn = turnOf(shard, { problemId: problemIds[0]!, round: 1, member: 1 });
  await expect(world.call('takeTurn', turn)).rejects.toMatchObject({
    nonRetryable: true,
    message: expect.stringContaining('society.json: is missing from the store'),
    details: [{ outage: false }],
  });
});
