/** A name of the Hub may mean other weights tomorrow: a run pins the commit that it begins with. */
import { readSealed } from '../../src/artifacts/sealed';
import { requireSociety } from '../../src/artifacts/societies';
import type { RunRecord } from '../../src/contract/run';
import { pinnedTo } from '../../src/domain/hub-names';
import { runKeys } from '../../src/domain/keys';
import { activityWorld, evaluationShard, type ActivityWorld } from '../support/activity-world';

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)];
const model = { base: 'acme/small' };
let world: ActivityWorld;
beforeEach(async () => {
  world = await activityWorld();
  serve(first);
});
afterEach(() => world.remove());

const serve = (commit: string) => (world.inference.served = [`acme/small-${commit}`]);
const recordOf = async (runId: string) => (await readSealed<RunRecord>(world.store, runKeys.record(runId)))!;
const baseOf = async (runId: string) => (await recordOf(runId)).specification.model.base;

test('a run is pinned to the commit that is served, asks for it by name, and keeps what its user wrote', async () => {
  const plan = await world.resolve('run', { model });
  expect(await baseOf('run')).toBe(`acme/small@${first}`);
  expect((await recordOf('run')).written).toMatchObject({ model });
  await world.debate(evaluationShard(plan));
  expect(new Set(world.inference.requests.map((request) => request.model))).toEqual(new Set([`acme/small-${first}`]));
});

test('the run goes on with its commit only, and a new one takes the newer', async () => {
  await world.resolve('run', { model });
  serve(second);
  await expect(world.resolve('run', { model })).rejects.toThrow(
    `model.base: "acme/small@${first}" is not served by the endpoint "embedded", which offers: acme/small-${second}`,
  );
  await world.resolve('other', { model });
  expect(await baseOf('other')).toBe(`acme/small@${second}`);
  serve(first);
  expect(await world.resolve('run', { model })).toMatchObject({ resumed: true });
  await expect(world.resolve('run', { model, seed: 9 })).rejects.toThrow('(different: seed)');
});

test('a run from a society takes the commit that its weights belong to', async () => {
  const plan = await world.resolve('run', { model });
  const shard = await world.debate(evaluationShard(plan));
  await world.call('scoreEvaluation', { plan, iteration: 0, shards: [shard] });
  serve(second);
  const from = { model: { ...model, society: 'run@0' } };
  await expect(world.resolve('next', from)).rejects.toThrow(`"acme/small@${first}" is not served`);
  serve(first);
  await world.resolve('next', from);
  expect(await baseOf('next')).toBe(`acme/small@${first}`);
});

test('of weights served elsewhere the trainer decides the commit, and the endpoint is asked by its own name', async () => {
  world.inference.served = ['acme/small'];
  world.trainer.pin = ({ base }) => Promise.resolve(pinnedTo(base, second));
  await world.resolve('run', { model: { ...model, endpoint: 'vllm' } });
  expect(await baseOf('run')).toBe(`acme/small@${second}`);
  const { agents } = await requireSociety(world.store, await recordOf('run'), 0);
  expect(new Set(Object.values(agents).map((agent) => agent.model))).toEqual(new Set(['acme/small']));
});

test('a run may train further from a society that was only measured, whose commit was not asked for', async () => {
  world.inference.served = ['acme/small'];
  world.trainer.pin = ({ base }) => Promise.resolve(pinnedTo(base, second));
  const elsewhere = { model: { ...model, endpoint: 'vllm' } };
  const plan = await world.resolve('measured', { ...elsewhere, iterations: 0 });
  const shard = await world.debate(evaluationShard(plan));
  await world.call('scoreEvaluation', { plan, iteration: 0, shards: [shard] });
  await world.resolve('trained', { model: { ...elsewhere.model, society: 'measured@0' } });
  expect(await baseOf('trained')).toBe(`acme/small@${second}`);
});
