/** Trouble that is not the problems' fault pauses a run with its reason; real activities are replaced by plain functions. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Activities } from '../../activities';
import type { PartProgress, RunOutcome, RunPlan, RunProgress, ShardInput, TurnInput } from '../../src/contract/run';
import type { RunningWorkers } from '../../src/worker';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { activitiesByRun, plainActivities, plainPlan } from '../support/plain-activities';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** What the activity border throws once the retries of a turn are used up (activities/failures.ts). */
const endpointDown = () =>
  ApplicationFailure.nonRetryable('http://gpu-host:8000/v1 cannot be reached', 'ProviderError', { outage: true });
const refused = () => ApplicationFailure.nonRetryable('400: context too long', 'ProviderError', { outage: false });

describe('a run in trouble', () => {
  let namespace: TestNamespace;
  let workers: RunningWorkers;
  const runs = new Map<string, Activities>();

  beforeAll(async () => {
    namespace = await createNamespace();
    workers = await namespace.serve(activitiesByRun(runs));
  });

  afterAll(async () => {
    workers.shutdown();
    await workers.finished;
    await namespace.close();
    await Runtime.instance().shutdown();
  });

  const start = async (plan: RunPlan, changes: Partial<Activities>) => {
    runs.set(plan.runId, plainActivities(plan, changes));
    return namespace.client.workflow.start('multiagentFinetuning', {
      workflowId: `maft/${plan.runId}`,
      taskQueue: 'maft',
      args: [{}],
    });
  };

  describe.each<[string, TurnInput['split']]>([
    ['while it evaluates', 'eval'],
    ['while it debates', 'train'],
  ])('%s', (_when, split) => {
    test('an endpoint that is down pauses the run with the reason, fails no problem, and resume goes on', async () => {
      let isDown = true;
      const tries: TurnInput[] = [];
      const takeTurn: Activities['takeTurn'] = async (turn) => {
        if (turn.split !== split) return { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
        tries.push(turn);
        if (isDown) throw endpointDown();
        return { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
      };
      const failures: unknown[] = [];
      const closeShard: Activities['closeShard'] = async (input) => {
        failures.push(...input.failures);
        return plainActivities(plan).closeShard(input);
      };
      const plan = plainPlan();
      const handle = await start(plan, { takeTurn, closeShard });
      const progress = () => handle.query<RunProgress>('progress');
      await until(async () => (await progress()).paused, 'the run pauses itself');
      expect(await progress()).toMatchObject({
        pauseReason: 'http://gpu-host:8000/v1 cannot be reached',
        problems: { failed: 0 },
      });
      const triedWhilePaused = tries.length;
      // Each first turn of a problem in flight was tried once; nothing more starts.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(tries).toHaveLength(triedWhilePaused);
      isDown = false;
      await handle.signal('resume');
      await handle.result();
      expect(failures).toEqual([]);
      expect(await progress()).toMatchObject({ stage: 'done', paused: false });
    });
  });

  test('an endpoint that is still down after resume pauses the run again', async () => {
    let tried = 0;
    const takeTurn: Activities['takeTurn'] = async () => {
      tried += 1;
      throw endpointDown();
    };
    const handle = await start(
      plainPlan({ evaluationProblems: 1, members: 1, rounds: 1, trainedAgents: ['generation-1'] }),
      { takeTurn },
    );
    const isPaused = async () => (await handle.query<RunProgress>('progress')).paused;
    await until(isPaused, 'the first pause');
    const before = tried;
    await handle.signal('resume');
    await until(async () => tried > before && (await isPaused()), 'the second pause');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });

  test.each(['multiagentFinetuning', 'evaluateSociety', 'compareMethods'])(
    '%s takes a pause that comes with its start',
    async (workflowType) => {
      const plan = plainPlan({ iterations: 0, trainedAgents: [] });
      const comparison = { comparisonId: plan.runId, runsInFlight: 1, groups: [] };
      const writeComparison: Activities['writeComparison'] = async ({ comparisonId, failed }) => ({
        ...{ comparisonId, failed },
        headline: '',
        rows: [],
        page: '',
      });
      runs.set(plan.runId, plainActivities(plan, { resolveComparison: async () => comparison, writeComparison }));
      const handle = await namespace.client.workflow.signalWithStart(workflowType, {
        workflowId: `maft/${plan.runId}`,
        taskQueue: 'maft',
        args: [{}],
        signal: 'pause',
        signalArgs: ['at once'],
      });
      await until(async () => (await handle.query<RunProgress>('progress')).paused, 'it is paused');
      await handle.signal('resume');
      await handle.result();
    },
  );

  test('a failure of before the resume, heard after it, is tried again and pauses nothing', async () => {
    const held: (() => void)[] = [];
    const turn = { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
    let tries = 0;
    const takeTurn: Activities['takeTurn'] = async () => {
      const number = ++tries;
      if (number === 2) await new Promise<void>((resolve) => held.push(resolve));
      if (number <= 2) throw endpointDown();
      return turn;
    };
    const plan = plainPlan({ iterations: 0, trainedAgents: [], evaluationProblems: 2, members: 1, rounds: 1 });
    const handle = await start(plan, { takeTurn });
    const isPaused = async () => (await handle.query<RunProgress>('progress')).paused;
    await until(async () => held.length === 1 && (await isPaused()), 'one turn has failed, one is under way');
    await handle.signal('resume');
    await until(async () => tries === 3, 'the first is tried again');
    held[0]!();
    await handle.result();
    const { events } = await handle.fetchHistory();
    expect(
      events!.filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'pause'),
    ).toHaveLength(1);
  });

  test("a part's request to pause from before the resume, heard after it, pauses nothing; that of people always does", async () => {
    let letGo: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (letGo = resolve));
    const turn = { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
    const plan = plainPlan({ iterations: 0, trainedAgents: [] });
    const handle = await start(plan, { takeTurn: async () => (await asked, turn) });
    const isPaused = async () => (await handle.query<RunProgress>('progress')).paused;
    await handle.signal('pause');
    await handle.signal('resume');
    await handle.signal('pause', 'the endpoint was down', 0);
    expect(await isPaused()).toBe(false);
    await handle.signal('pause', 'the endpoint is down again', 2);
    expect(await isPaused()).toBe(true);
    await handle.signal('resume');
    await handle.signal('pause', 'lunch');
    expect(await isPaused()).toBe(true);
    await handle.signal('resume');
    letGo();
    await handle.result();
  });

  test('a pause that arrives after the resume that followed it pauses nobody', async () => {
    let letGo: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (letGo = resolve));
    const turn = { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
    const plan = plainPlan({ iterations: 0, trainedAgents: [] });
    const handle = await start(plan, { takeTurn: async () => (await asked, turn) });
    const shard = namespace.client.workflow.getHandle(`maft/${plan.runId}/iteration-0/evaluate/shard-00`);
    await until(async () => (await shard.describe()).status.name === 'RUNNING', 'a shard is open');
    await shard.signal('gate', { version: 2, paused: false });
    await shard.signal('gate', { version: 1, paused: true, reason: 'too late' });
    expect(await shard.query<PartProgress>('progress')).toMatchObject({ paused: false });
    letGo();
    await handle.result();
  });

  test('a part that is asked to pause pauses the whole run', async () => {
    let letGo: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (letGo = resolve));
    const turn = { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
    const plan = plainPlan({ iterations: 0, trainedAgents: [] });
    const handle = await start(plan, { takeTurn: async () => (await asked, turn) });
    const shard = namespace.client.workflow.getHandle(`maft/${plan.runId}/iteration-0/evaluate/shard-00`);
    await until(async () => (await shard.describe()).status.name === 'RUNNING', 'a shard is open');
    await shard.signal('pause', 'by its part');
    await until(async () => (await handle.query<RunProgress>('progress')).paused, 'the run is paused');
    expect(await handle.query<RunProgress>('progress')).toMatchObject({ pauseReason: 'by its part' });
    await handle.signal('resume');
    letGo();
    await handle.result();
  });

  test('a pause whose reason is an object is shown as one bounded line, and a strange gate signal stops nothing', async () => {
    let letGo: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (letGo = resolve));
    const turn = { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
    const plan = plainPlan({ iterations: 0, trainedAgents: [] });
    const handle = await start(plan, { takeTurn: async () => (await asked, turn) });
    const shard = namespace.client.workflow.getHandle(`maft/${plan.runId}/iteration-0/evaluate/shard-00`);
    await until(async () => (await shard.describe()).status.name === 'RUNNING', 'a shard is open');
    for (const nonsense of [null, 7, 'pause', [], { version: 'x' }, { version: 9 }])
      await shard.signal('gate', nonsense);
    await handle.signal('pause', { why: 'lunch\u001b[2J', more: 'x'.repeat(10_000) });
    await until(async () => (await shard.query<PartProgress>('progress')).paused, 'the shard is paused');
    const { pauseReason } = await handle.query<RunProgress>('progress');
    expect(pauseReason).toMatch(/^\{"why":"lunch[ -~]+x$/);
    expect(pauseReason!.length).toBeLessThanOrEqual(700);
    await handle.signal('resume');
    letGo();
    await handle.result();
  });

  test('a pause asked for between two stages holds the next one back, and its children start paused', async () => {
    let letGo: () => void = () => undefined;
    const scored = new Promise<void>((resolve) => (letGo = resolve));
    const opened: ShardInput[] = [];
    const plan = plainPlan();
    const plain = plainActivities(plan);
    const handle = await start(plan, {
      scoreEvaluation: async (input) => (await scored, plain.scoreEvaluation(input)),
      openShard: async (shard) => (opened.push(shard), plain.openShard(shard)),
    });
    await until(() => opened.length === 2, 'the evaluation has opened its shards');
    await handle.signal('pause', 'the machine is needed');
    letGo();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(opened.filter(({ split }) => split === 'train')).toEqual([]);
    await handle.signal('resume');
    await handle.result();
    expect(opened.filter(({ split }) => split === 'train')).toHaveLength(2);
  });

  /** A trainer that, once it is cancelled, takes a while to write its checkpoint. */
  const untilCheckpointed = async (milliseconds: number): Promise<never> => {
    const context = Context.current();
    const beats = setInterval(() => context.heartbeat(), 100);
    try {
      return await context.cancelled.catch(async (cancelled: unknown) => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        throw cancelled;
      });
    } finally {
      clearInterval(beats);
    }
  };

  test('a resume that comes while a paused training still writes its checkpoint goes on with it', async () => {
    const plan = plainPlan({ trainProblems: 1, evaluationProblems: 1, trainedAgents: ['generation-1', 'critic-1'] });
    const plain = plainActivities(plan);
    const begun: string[] = [];
    const checkpointing: string[] = [];
    const handle = await start(plan, {
      finetuneAgent: async (request) => {
        begun.push(request.agent);
        if (begun.length > 2) return plain.finetuneAgent(request);
        return untilCheckpointed(2_000).finally(() => checkpointing.push(request.agent));
      },
    });
    await until(() => begun.length === 2, 'both agents are being trained');
    await handle.signal('pause', 'the machine is needed');
    await until(async () => (await handle.query<RunProgress>('progress')).paused, 'the run is paused');
    await handle.signal('resume');
    expect(checkpointing).toEqual([]);
    await handle.result();
    expect(begun.slice(2).sort()).toEqual(['critic-1', 'generation-1']);
  });

  test.each([{ asked: 'pause' }, { asked: 'cancel' }])(
    'a training that ends of something else after $asked was asked for does not fail the run',
    async ({ asked }) => {
      const plan = plainPlan({ trainProblems: 1, evaluationProblems: 1, trainedAgents: ['generation-1'] });
      const plain = plainActivities(plan);
      let begun = 0;
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const handle = await start(plan, {
        finetuneAgent: async (request) => {
          begun += 1;
          if (begun > 1) return plain.finetuneAgent(request);
          await ended;
          // As a worker's shutdown is reported, or a killed trainer.
          throw ApplicationFailure.retryable('Worker is shutting down', 'WorkerShutdown');
        },
      });
      await until(() => begun === 1, 'the agent is being trained');
      const workflow = namespace.client.workflow.getHandle(`maft/${plan.runId}/iteration-1/finetune`);
      const cancellations = async () =>
        (await workflow.fetchHistory()).events?.filter((event) => event.activityTaskCancelRequestedEventAttributes)
          .length;
      await (asked === 'pause' ? handle.signal('pause', 'the machine is needed') : handle.cancel());
      await until(async () => (await cancellations()) === 1, 'the training is to stop');
      end();
      if (asked === 'cancel') {
        await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
        expect((await handle.describe()).status.name).toBe('CANCELLED');
        return;
      }
      await handle.signal('resume');
      await handle.result();
      expect(begun).toBe(2);
    },
  );

  test('a guard asks people also where they paused the run while it judged', async () => {
    const plan = plainPlan({
      trainProblems: 1,
      evaluationProblems: 1,
      trainedAgents: ['generation-1'],
      guard: 'pause',
    });
    const plain = plainActivities(plan);
    let trained = false;
    let judge: () => void = () => undefined;
    const judged = new Promise<void>((resolve) => (judge = resolve));
    let judging = false;
    const handle = await start(plan, {
      checkForCollapse: async () => {
        judging = true;
        await judged;
        return { found: 'many responses are one text' };
      },
      finetuneAgent: async (request) => {
        trained = true;
        return plain.finetuneAgent(request);
      },
    });
    const progress = () => handle.query<RunProgress>('progress');
    await until(() => judging, 'the guard judges');
    await handle.signal('pause', 'the machine is needed');
    await until(async () => (await progress()).paused, 'the run is paused');
    judge();
    await handle.signal('resume');
    await until(async () => (await progress()).pauseReason?.startsWith('guard: ') === true, 'the guard asks');
    expect(trained).toBe(false);
    await handle.signal('resume');
    await handle.result();
    expect(trained).toBe(true);
  });

  test('where one training fails the others are stopped at a checkpoint, and the run ends after them', async () => {
    const plan = plainPlan({ trainProblems: 1, evaluationProblems: 1, trainedAgents: ['generation-1', 'critic-1'] });
    let stopped = false;
    let isTraining = false;
    const handle = await start(plan, {
      finetuneAgent: async ({ agent }) => {
        if (agent === 'generation-1') {
          await until(() => isTraining, 'the other one is being trained');
          throw ApplicationFailure.nonRetryable('exit code 2', 'TrainerError', { outage: false });
        }
        isTraining = true;
        return untilCheckpointed(500).finally(() => (stopped = true));
      },
    });
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(stopped).toBe(true);
  });

  test('a problem that is refused fails alone, within maxFailedShare, and is handed to the close of its shard', async () => {
    const failures: unknown[] = [];
    const plan = plainPlan({ maxFailedShare: 0.3 });
    const handle = await start(plan, {
      takeTurn: async (turn) => {
        if (turn.problemId === 'train-2' && turn.round === 2 && turn.member === 3) throw refused();
        return { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
      },
      closeShard: async (input) => {
        failures.push(...input.failures);
        return plainActivities(plan).closeShard(input);
      },
    });
    await handle.result();
    expect(failures).toEqual([{ problemId: 'train-2', reason: '400: context too long' }]);
  });

  test.each([
    { members: 3, rounds: 3 },
    { members: 1, rounds: 2 },
    { members: 5, rounds: 2 },
    { members: 2, rounds: 1 },
  ])(
    'mistake 11: N = $members and M = $rounds take N turns in each of M rounds, and the rounds are a barrier',
    async ({ members, rounds }) => {
      const turns: TurnInput[] = [];
      const finetuned: string[] = [];
      const plan = plainPlan({ members, rounds, evaluationRounds: rounds, trainProblems: 2, evaluationProblems: 1 });
      const plain = plainActivities(plan);
      const handle = await start(plan, {
        takeTurn: async (turn) => (turns.push(turn), plain.takeTurn(turn)),
        finetuneAgent: async (request) => (finetuned.push(request.agent), plain.finetuneAgent(request)),
      });
      expect(((await handle.result()) as RunOutcome).accuracy).toEqual({ 0: 0.5, 1: 0.5 });
      for (const problemId of ['train-0', 'train-1']) {
        const own = turns.filter((turn) => turn.problemId === problemId);
        expect(own.map(({ round }) => round)).toEqual(
          own.map(({ round }) => round).sort((left, right) => left - right),
        );
        const expected = Array.from(
          { length: rounds * members },
          (_, index) => `${Math.floor(index / members) + 1}/${(index % members) + 1}`,
        );
        expect(own.map(({ round, member }) => `${round}/${member}`).sort()).toEqual(expected.sort());
      }
      expect(finetuned.sort()).toEqual([...plan.trainedAgents].sort());
    },
  );
});
