/** Shared work is done once: a run adopts what another one was answered to the very same requests, and counts it apart. */
import { readSealed } from '../../src/artifacts/sealed';
import type { StoredCompletion } from '../../src/contract/completion';
import { iterationKeys } from '../../src/domain/keys';
import { fakeBaseModel } from '../support/fake-ports';
import { activityWorld, evaluationShard, trainingShard, type ActivityWorld } from '../support/activity-world';

describe('execution.reuseTurnsOf', () => {
  let world: ActivityWorld;
  beforeEach(async () => {
    world = await activityWorld();
  });
  afterEach(() => world.remove());

  const resolve = (runId: string, method: object, reuseTurnsOf: string[] = []) =>
    world.resolve(runId, { method: { prompts: 'compact', ...method }, execution: { reuseTurnsOf } });

  it('asks no model for what another run was answered, and keeps the completions as its own', async () => {
    const first = await world.debate(trainingShard(await resolve('first', {})));
    const asked = world.inference.requests.length;
    const plan = await resolve('second', { preset: 'single-agent' }, ['first']);
    const second = await world.debate(trainingShard(plan));
    expect(world.inference.requests).toHaveLength(asked);
    expect(second.counts).toEqual(first.counts);
    expect(first.reused).toBeUndefined();
    expect(second.reused).toEqual(first.counts);
    const [problemId = ''] = (await world.call('openShard', trainingShard(plan))).problemIds;
    const turn = { iteration: 1, split: 'train', problemId, round: 2, agent: 'critic-1', part: 'summary' } as const;
    const kept = await readSealed<StoredCompletion>(world.store, iterationKeys.turn({ runId: 'second', ...turn }));
    expect(kept).toMatchObject({ reusedFrom: 'first' });
  });

  it('shares the first round with a method that goes on differently, and asks for the rest', async () => {
    await world.debate(evaluationShard(await resolve('debate', {})));
    const asked = world.inference.requests.length;
    const plan = await resolve('majority', { preset: 'majority-finetuning' }, ['debate']);
    await world.debate(evaluationShard(plan));
    expect(world.inference.requests).toHaveLength(asked);
    const other = await resolve('without-summary', { summary: false }, ['debate']);
    const { counts, reused } = await world.debate(evaluationShard(other));
    // Four problems, three members: the first round is adopted, the second has other prompts.
    expect(world.inference.requests).toHaveLength(asked + 12);
    expect({ calls: counts.calls, reused: reused?.calls }).toEqual({ calls: 24, reused: 12 });
  });

  it('names the run that asked, however many runs have adopted it since', async () => {
    await world.debate(trainingShard(await resolve('first', {})));
    await world.debate(trainingShard(await resolve('second', {}, ['first'])));
    const plan = await resolve('third', {}, ['absent', 'second']);
    await world.debate(trainingShard(plan));
    const [problemId = ''] = (await world.call('openShard', trainingShard(plan))).problemIds;
    const turn = {
      iteration: 1,
      split: 'train',
      problemId,
      round: 1,
      agent: 'generation-2',
      part: 'response',
    } as const;
    const kept = await readSealed<StoredCompletion>(world.store, iterationKeys.turn({ runId: 'third', ...turn }));
    expect(kept).toMatchObject({ reusedFrom: 'first' });
  });

  it('takes nothing over from another endpoint: it may serve other weights by the same name', async () => {
    await world.debate(trainingShard(await resolve('first', {})));
    const asked = world.inference.requests.length;
    const model = { base: fakeBaseModel, endpoint: 'elsewhere' };
    const changes = { model, method: { prompts: 'compact' }, execution: { reuseTurnsOf: ['first'] } };
    const { reused } = await world.debate(trainingShard(await world.resolve('other-endpoint', changes)));
    expect(reused).toBeUndefined();
    expect(world.inference.requests.length).toBe(2 * asked);
  });

  it('takes nothing over where prompt, sampling or seed differ', async () => {
    await world.debate(trainingShard(await resolve('first', {})));
    const asked = world.inference.requests.length;
    const changes = { seed: 1, method: { prompts: 'compact' }, execution: { reuseTurnsOf: ['first'] } };
    const { reused } = await world.debate(trainingShard(await world.resolve('other-seed', changes)));
    expect(reused).toBeUndefined();
    expect(world.inference.requests.length).toBe(2 * asked);
  });
});
