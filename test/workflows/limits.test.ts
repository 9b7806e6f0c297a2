/** Hard caps: what a run spends never exceeds them, at a cap it pauses and says so, and `setLimits` lets it go on. */
import { ApplicationFailure, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { LimitsDecision, WrittenCaps } from '../../src/contract/limits';
import type { RunOutcome, RunProgress } from '../../src/contract/run';
import { moneyOf, sumOf } from '../../src/domain/costs';
import { addCounts } from '../../src/domain/counts';
import { readLedger } from '../../src/stored-runs/ledger';
import { StoredRun } from '../../src/stored-runs/stored-run';
import { fakeBaseModel } from '../support/fake-ports';
import { until } from '../support/namespace';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const prices = { promptPerMillion: 100, completionPerMillion: 1000, currency: 'USD' };
let world: ServedWorld;
beforeAll(async () => {
  world = await serveWorld((endpoint) => (endpoint === 'embedded' ? prices : undefined));
});
afterAll(async () => {
  await world.close();
  await Runtime.instance().shutdown();
});
beforeEach(() => {
  world.inference.requests.length = 0;
});
afterEach(() => {
  world.inference.trouble = () => undefined;
});

const specification = (limits: WrittenCaps, changes: object = {}) => ({
  task: { kind: 'arithmetic', max: 10, train: 4, eval: 4 },
  model: { base: fakeBaseModel },
  method: { prompts: 'compact' },
  sampling: { maxTokens: 40 },
  evaluation: { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] },
  execution: { shardSize: 2 },
  limits,
  ...changes,
});

const progressOf = (handle: WorkflowHandle) => handle.query<RunProgress>('progress');
const paused = (handle: WorkflowHandle) => until(async () => (await progressOf(handle)).paused, 'the run pauses');
const raise = (handle: WorkflowHandle, limits: WrittenCaps) =>
  handle.executeUpdate<string, [object]>('setLimits', { args: [{ limits, by: 'ann', why: 'worth it' }] });
const ledgerOf = async (runId: string) => readLedger((await StoredRun.find(world.store, runId))!);
async function askedBy(runId: string) {
  const { kept, again } = sumOf(await ledgerOf(runId));
  return addCounts(kept, again);
}

test('at its cap of calls a run pauses and says why; raised, it goes on to its end', async () => {
  const handle = await world.start('multiagentFinetuning', 'calls', specification({ calls: 41 }, { iterations: 2 }));
  await paused(handle);
  expect(world.inference.requests.length).toBeLessThanOrEqual(41);
  const { pauseReason, limits } = await progressOf(handle);
  expect(pauseReason).toMatch(
    /^limits\.calls: (40|41) of 41 are spent and 0 reserved, and the next step may take [12] more: `maft limits calls --calls N` raises it/,
  );
  expect(limits).toMatchObject({ caps: { calls: 41 }, reserved: { calls: 0 } });
  expect(limits!.spent.calls).toBe(world.inference.requests.length);

  await handle.signal('resume');
  await until(async () => (await progressOf(handle)).paused, 'it pauses again: nothing was raised');
  expect(world.inference.requests.length).toBeLessThanOrEqual(41);

  expect(await raise(handle, { calls: 400 })).toMatch(/^limits\.calls is 400, of which \d+ are spent$/);
  await handle.result();
  // The second iteration is a workflow run of its own, and has learnt from the store what was spent before it.
  expect((await progressOf(handle)).limits).toMatchObject({ caps: { calls: 400 } });
  expect((await progressOf(handle)).limits!.spent.calls).toBe(world.inference.requests.length);
  expect((await askedBy('calls')).calls).toBe(world.inference.requests.length);
  const stored = await world.store.read('runs/calls/decisions/1-set-limits.json');
  expect(JSON.parse(stored!.toString()) as LimitsDecision).toMatchObject({
    number: 1,
    by: 'ann',
    caps: { calls: 400 },
  });
});

test('a run that waits for nobody lands at its cap with what was evaluated before', async () => {
  const limits = { calls: 41, deadline: '1h' };
  const handle = await world.start('multiagentFinetuning', 'landed', specification(limits));
  const { iterations, accuracy, landed } = (await handle.result()) as RunOutcome;
  expect({ iterations, evaluated: Object.keys(accuracy) }).toEqual({ iterations: 0, evaluated: ['0'] });
  expect(landed).toEqual({
    reason: 'budget',
    why: expect.stringMatching(
      /^limits\.calls: (40|41) of 41 are spent and 0 reserved, .* more, during the stage debate of iteration 1$/,
    ) as string,
  });
  expect(world.inference.requests.length).toBeLessThanOrEqual(41);
  const page = (await world.store.read('runs/landed/report.html'))!.toString();
  expect(page).toContain('Landed early (budget):');
});

test('calls whose answers die with their worker are under the cap, too', async () => {
  let dying = 0;
  // As a kill does: the call was made, and its end is noted by nobody.
  world.inference.trouble = (request) => {
    if (request.seed % 5 !== 0 || dying >= 6) return undefined;
    dying += 1;
    world.inference.requests.push(request);
    throw new Error('killed');
  };
  const handle = await world.start('multiagentFinetuning', 'killed', specification({ usd: 0.9 }));
  await paused(handle);
  const spent = async () => moneyOf(await ledgerOf('killed'), () => prices).known['USD'] ?? 0;
  const progress = await progressOf(handle);
  expect(progress.pauseReason).toMatch(/^limits\.usd: 0\.\d+ USD of 0\.9 USD are spent/);
  expect(dying).toBeGreaterThan(0);
  expect(await spent()).toBeLessThanOrEqual(0.9);
  // Those without an answer count as the most they can have cost.
  expect(progress.limits!.spent.calls).toBe(world.inference.requests.length);
  expect(progress.limits!.spent.nanoUsd).toBeLessThanOrEqual(0.9e9);
  await raise(handle, { usd: 9 });
  await handle.result();
  expect((await askedBy('killed')).calls).toBe(world.inference.requests.length);
});

test('a run that is started again counts what it has spent before, once', async () => {
  const input = specification({ calls: 41 });
  const first = await world.start('multiagentFinetuning', 'again', input);
  await paused(first);
  const asked = world.inference.requests.length;
  await first.cancel();
  await expect(first.result()).rejects.toThrow();
  const second = await world.start('multiagentFinetuning', 'again', input);
  await paused(second);
  expect(world.inference.requests.length).toBeLessThanOrEqual(41);
  expect((await progressOf(second)).limits!.spent.calls).toBeGreaterThanOrEqual(asked);
  await raise(second, { calls: 1000 });
  await second.result();
  const { limits } = await progressOf(second);
  expect(limits!.spent.calls).toBe((await askedBy('again')).calls);
  expect(limits!.spent.tokens).toBe((await askedBy('again')).promptTokens + (await askedBy('again')).completionTokens);
});

test('votes, further answers, scores and critics are under the cap', async () => {
  const evaluation = { measures: ['agreement', 'embedding', 'nll', 'critic-reading'] };
  const handle = await world.start(
    'multiagentFinetuning',
    'all',
    specification({ calls: 900 }, { evaluation, iterations: 0 }),
  );
  await until(async () => {
    const { paused: isPaused, stage } = await progressOf(handle);
    return isPaused || stage === 'done';
  }, 'it ends or pauses');
  await raise(handle, { calls: 100_000 }).catch(() => undefined);
  await handle.result();
  const { limits } = await progressOf(handle);
  expect(limits!.spent.calls).toBe((await askedBy('all')).calls);
});

test('GPU hours: trainings wait for what others give back, where not all of them fit beside each other', async () => {
  const handle = await world.start('multiagentFinetuning', 'hours', specification({ gpuHours: 0.04 }));
  await handle.result();
  expect((await progressOf(handle)).limits).toMatchObject({ caps: { gpuSeconds: 144 }, reserved: { gpuSeconds: 0 } });
});

test.each([
  [{ calls: 1 }, /^limits\.calls: 1 does not cover a turn, which may take 2/],
  [{ tokens: 50 }, /^limits\.tokens: 50 does not cover a turn, which may take \d+ \(the longest prompt/],
])('a cap that covers not even one step (%j) is refused before anything is asked', async (limits, message) => {
  const handle = await world.start('multiagentFinetuning', `small-${Object.keys(limits)[0]}`, specification(limits));
  const failure = await handle.result().then(
    () => undefined,
    (error: Error) => error.cause,
  );
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect((failure as ApplicationFailure).message).toMatch(message);
  expect(world.inference.requests).toEqual([]);
});

test.each([
  [{ limits: { calls: 0 }, by: 'ann', why: 'x' }, /limits\.calls: 0 is no positive integer/],
  [{ limits: { dollars: 3 }, by: 'ann', why: 'x' }, /"dollars" is none of usd, gpuHours, tokens, calls/],
  [{ limits: { calls: 3 } }, /must be \{"limits"/],
  [{ limits: { usd: 3 }, by: 'ann', why: 'x' }, /holds no prices/],
])('an update of limits that says too little (%j) is refused', async (input, message) => {
  const id = 'refusing';
  const handle = await world.start('multiagentFinetuning', id, specification({ calls: 20 })).catch(() => undefined);
  const known = handle ?? world.namespace.client.workflow.getHandle(`maft/${id}`);
  await paused(known);
  const refused = await known.executeUpdate('setLimits', { args: [input] }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
  expect((refused as WorkflowUpdateFailedError).cause!.message).toMatch(message);
});
