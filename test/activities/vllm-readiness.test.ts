/** What a vLLM could not serve is refused before anything is stored or asked, with the way out. */
import { ProviderError } from '../../src/errors';
import type { VllmFacts } from '../../src/ports';
import { activityWorld, type ActivityWorld } from '../support/activity-world';
import { fakeBaseModel } from '../support/fake-ports';

const usual: VllmFacts = {
  name: fakeBaseModel,
  startedWith: fakeBaseModel,
  version: '0.32.0',
  maxLoras: 6,
  onProcessor: false,
};

let world: ActivityWorld;
let facts: VllmFacts | undefined;
beforeEach(async () => {
  facts = usual;
  world = await activityWorld(() => ({ serving: () => ({ vllm: async () => facts }) }));
});
afterEach(async () => {
  expect(world.inference.requests).toEqual([]);
  await world.remove();
});

const lora = { finetuning: { weights: { lora: { rank: 32 } } } };

/** What the server says of an adapter's name; the base is served. */
function findsAdapters(status: 200 | 400 | 404): void {
  world.scoring.trouble = (route, asked) => {
    const isAdapter = route === 'tokenize' && (asked as { model: string }).model !== fakeBaseModel;
    return isAdapter && status !== 200
      ? new ProviderError(`${status} said`, { status, retryable: status === 404 })
      : undefined;
  };
}

const refusedWith = (message: RegExp) => ({
  type: 'InvalidRunSpec',
  message: expect.stringMatching(message) as string,
});

test('adapters that the server finds are served, without a notice', async () => {
  expect((await world.resolve('run', lora)).notices).toEqual([]);
});

test('full weights are refused, and maft.serve is named', async () => {
  await expect(world.resolve('run', { finetuning: { weights: 'full' } })).rejects.toMatchObject(
    refusedWith(/finetuning\.weights: generation-1 has full weights, and the vLLM .*or let maft\.serve serve the run/),
  );
  facts = undefined;
  await expect(world.resolve('run', { finetuning: { weights: 'full' } })).resolves.toBeDefined();
});

test('a server that was started with another name than the one it is asked by', async () => {
  facts = { ...usual, startedWith: '/models/base' };
  await expect(world.resolve('run', lora)).rejects.toMatchObject(
    refusedWith(/model\.base: .* serves "fake-base" and was started with "\/models\/base"\. .*`vllm serve fake-base`/),
  );
});

test('a server that does not find adapters, or has no room for their rank', async () => {
  findsAdapters(404);
  await expect(world.resolve('run', lora)).rejects.toMatchObject(
    refusedWith(
      /vLLM 0\.32\.0 at "embedded" does not find the adapter .*probe\.r32: it must be started with --enable-lora/,
    ),
  );
  findsAdapters(400);
  await expect(world.resolve('run', lora)).rejects.toMatchObject(
    refusedWith(/finds adapters of rank 32 and cannot load them.*start it with --max-lora-rank 32/),
  );
});

test('more agents than one batch may mix wait for each other, which is said', async () => {
  facts = { ...usual, maxLoras: 1 };
  expect((await world.resolve('run', lora)).notices).toEqual([
    expect.stringMatching(/mixes adapters of 1 agents in a batch, and \d+ are trained: they wait for each other/),
  ]);
});

test('on a processor the run says that answers of the base do not count', async () => {
  facts = { ...usual, onProcessor: true };
  expect((await world.resolve('run', lora)).notices).toEqual([
    expect.stringMatching(/answers for the base model with the weights of an adapter .* Take maft\.serve, or a GPU/),
  ]);
});

test('a run that trains nobody is not asked about adapters', async () => {
  findsAdapters(404);
  await expect(world.resolve('run', { ...lora, iterations: 0 })).resolves.toBeDefined();
});
