/** Deadlines, against the real server; activities are plain functions. What fits is decided by given rates, never by this machine's. */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Activities } from '../../activities';
import type { LandingInput, FewerProblemsInput } from '../../activities/landings';
import type { PromotionJudgement } from '../../src/contract/promotion';
import type { RunOutcome, RunPlan, RunProgress } from '../../src/contract/run';
import type { RunningWorkers } from '../../src/worker';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { activitiesByRun, plainActivities, plainOutcome, plainPlan } from '../support/plain-activities';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let namespace: TestNamespace;
let workers: RunningWorkers;
const runs = new Map<string, Activities>();
/** What a hanging activity waits for: the worker ends only after it. */
let letGo: () => void = () => undefined;
const hanging = new Promise<never>((_resolve, reject) => (letGo = () => reject(new Error('the test is over'))));
hanging.catch(() => undefined);

beforeAll(async () => {
  namespace = await createNamespace();
  workers = await namespace.serve(activitiesByRun(runs));
});

afterAll(async () => {
  letGo();
  workers.shutdown();
  await workers.finished;
  await namespace.close();
  await Runtime.instance().shutdown();
});

/** Starts a run whose activities note their names in their order. */
async function start(runId: string, deadline: string, planned: Partial<RunPlan>, changes: Partial<Activities> = {}) {
  const plan = plainPlan({ runId, ...planned });
  const order: string[] = [];
  const recorded: { fewer?: FewerProblemsInput; landing?: LandingInput } = {};
  const plain = plainActivities(plan, {
    recordFewerProblems: async (input) => ({ ...(recorded.fewer = input).fewer, at: '' }),
    recordLanding: async (input) => ({ ...(recorded.landing = input).landing, last: input.last, at: '' }),
    ...changes,
  });
  const noting = Object.entries(plain).map(([name, perform]) => [
    name,
    (input: never) => {
      if (order.at(-1) !== name) order.push(name);
      return (perform as (given: never) => unknown)(input);
    },
  ]);
  runs.set(runId, Object.fromEntries(noting) as unknown as Activities);
  const handle = await namespace.client.workflow.start('multiagentFinetuning', {
    workflowId: `maft/${runId}`,
    taskQueue: 'maft',
    args: [{ limits: { deadline } }],
  });
  return { handle, order, recorded };
}

const rates = { debate: 0, evaluate: 0 };
const large: Partial<RunPlan> = { trainProblems: 12, shardSize: 2, iterations: 3, resumed: true };

test('a run that is late debates what fits, trains on it, evaluates it, and ends with that iteration', async () => {
  // Nearly five minutes of training per problem, half of which all twelve take in any case: with the margin, eight fit into an hour.
  const { handle, order, recorded } = await start('fewer', '1h', { ...large, pace: { ...rates, finetune: 290 } });
  const outcome = (await handle.result()) as RunOutcome;
  expect(outcome).toMatchObject({ iterations: 1, landed: { reason: 'late' } });
  expect(outcome.landed?.why).toMatch(
    /^8 of 12 training problems were debated: more .* with (59|60) min left before its deadline 20/,
  );
  expect(Object.keys(outcome.accuracy)).toEqual(['0', '1']);
  expect(recorded.fewer?.fewer).toMatchObject({ iteration: 1, shards: [0, 1, 2, 3], problems: 8, planned: 12 });
  expect(recorded.landing).toMatchObject({ last: 1, landing: outcome.landed });
  const [recording, selection] = [order.indexOf('recordFewerProblems'), order.indexOf('selectTrainingData')];
  expect([recording > 0, selection > recording, order.lastIndexOf('recordLanding') > selection]).toEqual([
    true,
    true,
    true,
  ]);
});

test('a run that is started again debates the shards that were recorded, whatever time it has', async () => {
  const fewer = {
    reason: 'late' as const,
    why: 'as before',
    iteration: 1,
    shards: [1],
    problems: 2,
    planned: 12,
    at: '',
  };
  const { handle, recorded } = await start('again', '6h', {
    ...large,
    landed: { fewer },
    pace: { ...rates, finetune: 1 },
  });
  expect(await handle.result()).toMatchObject({ iterations: 1, landed: { reason: 'late', why: 'as before' } });
  expect(recorded).toMatchObject({ landing: { last: 1 } });
  expect(recorded.fewer).toBeUndefined();
});

test('a run that has no time for one shard ends before it, and says what stood against it', async () => {
  const { handle, order, recorded } = await start('nothing', '1h', { ...large, pace: { ...rates, finetune: 3600 } });
  const outcome = (await handle.result()) as RunOutcome;
  expect(outcome.landed?.why).toMatch(
    /^nothing of the training debate of iteration 1 was begun: more training problems could not/,
  );
  expect(outcome.iterations).toBe(0);
  expect(recorded.landing).toMatchObject({ last: 0 });
  expect(order).not.toContain('selectTrainingData');
});

test('a run that lands on fewer problems and then has no time to train says both', async () => {
  const { handle, order, recorded } = await start(
    'untrained',
    '30s',
    { ...large, pace: { ...rates, finetune: 2.2 } },
    {
      // Even two problems take 18 seconds to train on, and all twelve 31; this debate leaves 15.
      closeShard: async ({ shard }) => {
        if (shard.split === 'train') await new Promise((resolve) => setTimeout(resolve, 15_000));
        return plainOutcome(shard);
      },
    },
  );
  const { landed, iterations } = (await handle.result()) as RunOutcome;
  expect(landed?.why).toMatch(
    /^\d+ of 12 training problems were debated: more .*; it ended before training in iteration 1: training and evaluating would take about \d+ s, with \d+ s left/,
  );
  expect({ iterations, last: recorded.landing?.last }).toEqual({ iterations: 0, last: 0 });
  expect(order).not.toContain('selectTrainingData');
});

test('an evaluation that does not fit is not made, and nothing after it', async () => {
  const { handle, order, recorded } = await start('unevaluated', '1h', {
    ...large,
    pace: { ...rates, evaluate: 3600 },
  });
  const { landed } = (await handle.result()) as RunOutcome;
  expect(landed?.why).toMatch(/^evaluating the society it starts from would take about 4\.8 h, with (59|60) min left/);
  expect(recorded.landing).toMatchObject({ last: -1 });
  expect(order).toEqual(['findDeadline', 'resolveRun', 'recordLanding', 'writeReport']);
});

test('a paused run does not wait past its deadline', async () => {
  const takeTurn = () => hanging;
  const { handle, recorded } = await start('paused', '4s', {}, { takeTurn });
  const progress = () => handle.query<RunProgress>('progress');
  await until(async () => (await progress()).openChildren.length > 0, 'it evaluates');
  await handle.signal('pause', 'the GPU is away');
  const { landed } = (await handle.result()) as RunOutcome;
  expect(landed?.why).toMatch(
    /^its deadline .* came during the stage evaluate of iteration 0, while it was paused \(the GPU is away\)$/,
  );
  expect(recorded.landing).toMatchObject({ last: -1 });
});

test('nor one that was paused before it began', async () => {
  const { handle } = await start('early', '3s', {});
  await handle.signal('pause');
  expect(await handle.result()).toMatchObject({
    landed: { why: expect.stringMatching(/during its start, while/) as string },
  });
});

test('nor for an answer to its question', async () => {
  const line = { name: 'asked', gate: 'approval' as const, approveWithinMs: 86_400_000, otherwise: 'reject' as const };
  const judgement = { verdict: 'ask', why: '', question: 'take it?', evidence: {} } as unknown as PromotionJudgement;
  const { handle } = await start(
    'approval',
    '8s',
    { line },
    {
      judgePromotion: async () => judgement,
      recordPromotion: async ({ approval }) =>
        ({ promoted: approval?.approved ?? false, why: `${approval?.by}`, version: null }) as never,
    },
  );
  expect(await handle.result()).toMatchObject({
    promotion: { promoted: false, why: 'the passing of limits.deadline' },
  });
});

test('a run that cannot even begin before its deadline ends without a failure', async () => {
  const { handle } = await start('unbegun', '2s', {}, { resolveRun: () => hanging });
  expect(await handle.result()).toMatchObject({
    runId: '',
    iterations: 0,
    landed: { why: expect.stringMatching(/came during its start$/) as string },
  });
});
