import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { WorkflowFailedError } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { type ApplicationFailure } from '@temporalio/common';
import type { Evaluation } from '../../src/contract/evaluation';
import type { RunOutcome, RunProgress } from '../../src/contract/run';
import { ProviderError } from '../../src/errors';
import { allRoles, startWorkers, type RunningWorkers } from '../../src/worker';
import { fakeBaseModel, fakeWorld, type FakeWorld } from '../support/fake-ports';
import { settled, until } from '../support/namespace';
import { sourceBundle } from '../support/source-bundle';
import { connectToTestServer, nativeConnection } from '../support/temporal-server';

/** A run in small, against the real server: real workflows and activities, doubles only where a model would be. */
Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('multiagentFinetuning', () => {
  let environment: TestWorkflowEnvironment;
  let world: FakeWorld;
  let workers: RunningWorkers;
  let folder: string;

  beforeAll(async () => {
    environment = await connectToTestServer();
    folder = await mkdtemp(path.join(tmpdir(), 'maft-run-'));
    world = fakeWorld(folder);
    const connection = await nativeConnection();
    workers = await startWorkers(
      {
        connection,
        namespace: 'default',
        roles: allRoles,
        turnSlots: 50,
        trainingSlots: 2,
        workflowBundle: sourceBundle(),
      },
      world.dependencies,
    );
  });

  afterAll(async () => {
    workers.shutdown();
    await workers.finished;
    await environment.teardown();
    await rm(folder, { recursive: true, force: true });
    await Runtime.instance().shutdown();
  });

  beforeEach(() => {
    world.inference.trouble = () => undefined;
    world.inference.delayMs = 0;
  });

  const specification = (changes: object = {}) => ({
    task: { kind: 'arithmetic', max: 10, train: 12, eval: 10 },
    model: { base: fakeBaseModel },
    method: { prompts: 'compact' },
    iterations: 2,
    execution: { shardSize: 5, shardsInFlight: 2, problemsInFlight: 3 },
    ...changes,
  });

  const start = (id: string, ...args: unknown[]) =>
    environment.client.workflow.start('multiagentFinetuning', { workflowId: `maft/${id}`, taskQueue: 'maft', args });

  it('debates, selects, finetunes six agents and evaluates in every iteration', async () => {
    const handle = await start('whole', specification());
    const outcome = (await handle.result()) as RunOutcome;
    expect(Object.keys(outcome.accuracy)).toEqual(['0', '1', '2']);
    expect(world.trainer.requests).toHaveLength(12);
    const society = JSON.parse(await readFile(path.join(folder, 'runs/whole/iteration-2/society.json'), 'utf8'));
    expect(Object.keys(society.agents)).toHaveLength(6);
    await readFile(path.join(folder, 'runs/whole/report.html'), 'utf8');
  });

  it('has a summary on every activity and every child, with names and numbers only', async () => {
    const ours: string[] = [];
    const query = "WorkflowId STARTS_WITH 'maft/whole'";
    for await (const { workflowId } of environment.client.workflow.list({ query })) ours.push(workflowId);
    expect(new Set(ours).size).toBeGreaterThan(5);
    const summaries: string[] = [];
    for (const workflowId of ours) {
      const { events } = await environment.client.workflow.getHandle(workflowId).fetchHistory();
      const begun = (events ?? []).filter(
        (event) =>
          (event.activityTaskScheduledEventAttributes ??
            event.startChildWorkflowExecutionInitiatedEventAttributes) instanceof Object,
      );
      for (const { userMetadata } of begun) summaries.push(Buffer.from(userMetadata?.summary?.data ?? []).toString());
    }
    expect(summaries.filter((summary) => !/^"[ -~·]{4,120}"$/.test(summary))).toEqual([]);
    expect(summaries).toEqual(
      expect.arrayContaining(['"vote, write the transcripts · iteration 1 · train · shard 0"']),
    );
  });

  it('is adopted by a second start with the same specification, which asks no model again', async () => {
    const asked = world.inference.requests.length;
    await (await start('whole', specification())).result();
    expect(world.inference.requests.length).toBe(asked);
  });

  it('that is started again opens no shard that is closed', async () => {
    const { runId } = await environment.client.workflow.getHandle('maft/whole').describe();
    const history = await environment.client.workflow.getHandle('maft/whole', runId).fetchHistory();
    const opened = (history.events ?? []).flatMap(
      ({ startChildWorkflowExecutionInitiatedEventAttributes: child }) => child?.workflowType?.name ?? [],
    );
    expect(opened.sort()).toEqual(['evaluateSociety', 'finetuneSociety']);
  });

  it.each([
    ['an unknown field', [{ ...specification(), itterations: 3 }], 'itterations'],
    ['correctedShare: 2', [specification({ method: { correctedShare: 2 } })], 'method.correctedShare'],
    ['zero members', [specification({ method: { members: 0 } })], 'method.members'],
    ['an unknown task', [specification({ task: { kind: 'chess' } })], 'task.kind'],
    ['a wrong type', [specification({ iterations: 'two' })], 'iterations'],
    ['no object', ['gsm8k'], 'object'],
    ['two arguments', [specification(), specification()], 'one JSON object'],
    ['another specification under the same id', [specification({ seed: 7 })], 'seed'],
  ])('refuses %s at once with InvalidRunSpec that names it', async (kind, args, named) => {
    const handle = await start(kind.includes('same id') ? 'whole' : `bad-${kind.replaceAll(/\W/g, '-')}`, ...args);
    const failure = await handle.result().catch((error: unknown) => error);
    const cause = (failure as WorkflowFailedError).cause as ApplicationFailure;
    expect(cause.type).toBe('InvalidRunSpec');
    expect(cause.message).toContain(named);
  });

  it('pauses on a signal, starts nothing new, and goes on after resume', async () => {
    world.inference.delayMs = 20;
    const handle = await start('paused', specification({ iterations: 1 }));
    await until(
      async () => (await handle.query<RunProgress>('progress')).stage === 'evaluate',
      'the evaluation begins',
    );
    await handle.signal('pause', 'lunch');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const asked = await settled(() => world.inference.requests.length);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(world.inference.requests.length).toBe(asked);
    expect(await handle.query<RunProgress>('progress')).toMatchObject({ paused: true, pauseReason: 'lunch' });
    await handle.signal('resume');
    await handle.result();
  });

  it('fails a problem whose turn fails for good, counts it, and goes on up to maxFailedShare', async () => {
    const poisoned = new Set<string>();
    world.inference.trouble = ({ messages }) => {
      const question = messages[0]?.content ?? '';
      if (poisoned.size === 0 && question.endsWith('=?')) poisoned.add(question);
      return poisoned.has(question) ? new ProviderError('400: refused', { status: 400, retryable: false }) : undefined;
    };
    const handle = await start('poisoned', specification({ iterations: 0, seed: 5, limits: { maxFailedShare: 0.2 } }));
    await handle.result();
    const evaluation = JSON.parse(
      await readFile(path.join(folder, 'runs/poisoned/iteration-0/evaluation.json'), 'utf8'),
    );
    expect(evaluation).toMatchObject({ problems: 10, failed: 1 });
  });

  it('loses a vote, not the debate, where a further sample of the vote fails for good', async () => {
    const asked = new Map<string, number>();
    world.inference.trouble = ({ messages: [first, ...others] }) => {
      if (first === undefined || others.length > 0 || !first.content.endsWith('=?')) return undefined;
      asked.set(first.content, (asked.get(first.content) ?? 0) + 1);
      const [poisoned] = asked.keys();
      // The first three are the members' own answers.
      const isFurther = first.content === poisoned && asked.get(first.content)! > 3;
      return isFurther ? new ProviderError('400: refused', { status: 400, retryable: false }) : undefined;
    };
    const limits = { maxFailedShare: 0.2 };
    await (await start('vote-lost', specification({ iterations: 0, seed: 11, limits }))).result();
    const evaluation = JSON.parse(
      await readFile(path.join(folder, 'runs/vote-lost/iteration-0/evaluation.json'), 'utf8'),
    ) as Evaluation;
    expect(evaluation).toMatchObject({ problems: 10, failed: 0 });
    const noAnswer = Object.fromEntries(evaluation.modes.map(({ mode, noAnswer }) => [mode, noAnswer]));
    expect(noAnswer['vote-9']).toBe(noAnswer['vote-3']! + 1);
  });

  it('fails with TooManyFailedProblems above maxFailedShare, and tries those problems again when started again', async () => {
    world.inference.trouble = () => new ProviderError('400: refused', { status: 400, retryable: false });
    const failing = await start('too-many', specification({ iterations: 0, seed: 6 }));
    await expect(failing.result()).rejects.toThrow(WorkflowFailedError);
    world.inference.trouble = () => undefined;
    await (await start('too-many', specification({ iterations: 0, seed: 6 }))).result();
    const evaluation = JSON.parse(
      await readFile(path.join(folder, 'runs/too-many/iteration-0/evaluation.json'), 'utf8'),
    );
    expect(evaluation).toMatchObject({ failed: 0 });
  });

  it('is cancelled cleanly', async () => {
    world.inference.delayMs = 50;
    const handle = await start('cancelled', specification({ seed: 9 }));
    await until(async () => world.inference.requests.length > 0, 'a model is asked');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });
});
