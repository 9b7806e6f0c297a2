/** What trainer, model server and grader would refuse later is refused before anything is stored or asked. */
import { ProviderError, TrainerError, UnsupportedByEndpoint } from '../../src/errors';
import type { TrainingCheck } from '../../src/ports';
import { activityWorld, type ActivityWorld } from '../support/activity-world';

let world: ActivityWorld;
beforeEach(async () => {
  world = await activityWorld();
});
afterEach(async () => {
  expect(world.inference.requests).toEqual([]);
  await world.remove();
});

const refusedWith = (message: RegExp, type = 'InvalidRunSpec') => ({
  type,
  message: expect.stringMatching(message) as string,
});

/** The server that reads at most so many tokens. */
function contextOf(limit: number): void {
  const tokenize = world.scoring.tokenize.bind(world.scoring);
  world.scoring.tokenize = async (text) => ({ ...(await tokenize(text)), limit });
}

test('a base that the trainer refuses, with the words of the trainer', async () => {
  const checks: TrainingCheck[] = [];
  world.trainer.refusal = (check) => {
    checks.push(check);
    return new TrainerError('the template ends no turn', { exitCode: 2, stderrTail: '', retryable: false });
  };
  await expect(world.resolve('run')).rejects.toMatchObject(
    refusedWith(/model\.base: "fake-base" cannot be finetuned: the template ends no turn/),
  );
  expect(checks).toHaveLength(1);
  world.trainer.refusal = () => undefined;
  await expect(world.resolve('run')).resolves.toMatchObject({ runId: 'run' });
});

test('each role is checked where its settings are its own, and no trainer is asked by a run that trains nobody', async () => {
  const rates: number[] = [];
  world.trainer.refusal = ({ settings }) => void rates.push(settings.learningRate);
  await world.resolve('run', { finetuning: { learningRate: 1e-3, critic: { learningRate: 1e-4 } } });
  await world.resolve('untrained', { iterations: 0 });
  expect(rates).toEqual([1e-3, 1e-4]);
});

test('a trainer of preferences is asked with examples of its own kind', async () => {
  const asked: [string, boolean][] = [];
  world.trainer.refusal = ({ examples, settings }) => {
    const kind = Object.keys(settings.loss ?? {})[0] ?? 'supervised';
    const field = kind === 'dpo' ? 'rejected' : 'desirable';
    return void asked.push([kind, examples.length > 0 && examples.every((example) => field in example)]);
  };
  await world.resolve('run', { method: { preset: 'preferences', prompts: 'compact' } });
  expect(asked).toEqual([
    ['dpo', true],
    ['kto', true],
  ]);
});

test('a trainer that cannot answer now is an outage, not a refusal', async () => {
  world.trainer.refusal = () => new TrainerError('out of memory', { exitCode: 3, stderrTail: '', retryable: true });
  await expect(world.resolve('run')).rejects.toMatchObject(refusedWith(/out of memory/, 'TrainerError'));
});

test('prompts that no context holds: longest prompt, context and maxTokens are named', async () => {
  contextOf(20);
  await expect(world.resolve('run', { sampling: { maxTokens: 7 } })).rejects.toMatchObject(
    refusedWith(
      /the prompt for problem \S+ has \d+ tokens, the context of "fake-base" is 20 tokens and maxTokens is 7: .* or choose a base with a longer context/,
    ),
  );
  contextOf(50);
  await expect(world.resolve('run')).rejects.toMatchObject(refusedWith(/the shortest prompt of a critic for problem/));
  await expect(world.resolve('alone', { method: { prompts: 'compact', rounds: 1 } })).resolves.toBeDefined();
});

test('an endpoint elsewhere must hold maxTokens as well: it refuses what ours would cut', async () => {
  contextOf(2000);
  const model = { base: 'fake-base', endpoint: 'elsewhere' };
  await expect(world.resolve('run', { model })).rejects.toMatchObject(
    refusedWith(/maxTokens is 2048: .* lower maxTokens/),
  );
  await expect(world.resolve('short', { model, sampling: { maxTokens: 512 } })).resolves.toBeDefined();
});

test('an endpoint that cannot say is passed over, and the run says so', async () => {
  world.scoring.trouble = () => new UnsupportedByEndpoint('https://host has no /tokenize that scores (HTTP 404)');
  const { notices } = await world.resolve('run');
  expect(notices).toEqual([
    'whether the longest prompts fit the context was not checked: https://host has no /tokenize that scores (HTTP 404)',
  ]);
});

test('chats that the template of the embedded server refuses', async () => {
  world.scoring.trouble = () =>
    new ProviderError('the chat template refuses these messages', { retryable: false, status: 400 });
  await expect(world.resolve('run')).rejects.toMatchObject(
    refusedWith(/"fake-base" cannot read the prompts: the chat template refuses/),
  );
});

test('a grader that takes equal expressions for different', async () => {
  await world.remove();
  const grader = { grade: async () => [{ equal: false, reason: 'time limit' }] };
  world = await activityWorld(({ dependencies }) => ({
    grader: () => grader,
    task: (settings) => ({ ...dependencies.task(settings), equal: undefined as never }),
  }));
  await expect(world.resolve('run')).rejects.toMatchObject(
    refusedWith(/for different \(time limit\): run maft doctor/, 'ConfigError'),
  );
});
