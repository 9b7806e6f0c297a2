/** Comparisons in small against the real server: real workflows and activities, doubles only where a model would be. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readSealed } from '../../src/artifacts/sealed';
import type { ComparisonReport } from '../../src/comparison';
import type { ComparisonOutcome, ComparisonProgress } from '../../src/contract/comparison';
import type { Evaluation } from '../../src/contract/evaluation';
import type { Measures } from '../../src/contract/measures';
import type { Society } from '../../src/contract/society';
import { iterationKeys } from '../../src/domain/keys';
import { modesAfter } from '../../src/domain/plan';
import { ProviderError } from '../../src/errors';
import { resolveSpecification } from '../../src/specification';
import { resolveComparison } from '../../src/specification/comparison';
import { fakeBaseModel } from '../support/fake-ports';
import { createNamespace, settled, until } from '../support/namespace';
import { plainActivities, plainPlan } from '../support/plain-activities';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });
afterAll(() => Runtime.instance().shutdown());

/** Problems to train on, and to evaluate on. */
const [train, evaluated] = [4, 2];
const arithmetic = { kind: 'arithmetic', max: 10, train, eval: evaluated };

const specification = (changes: object = {}) => ({
  name: 'table',
  task: arithmetic,
  model: { base: fakeBaseModel },
  method: { prompts: 'compact', correctedShare: 0.25 },
  iterations: 1,
  methods: ['base', 'majority', 'debate', 'majority-finetuning', 'multiagent-finetuning'],
  execution: { shardSize: 2, shardsInFlight: 2, problemsInFlight: 2 },
  ...changes,
});

/** Only each method's own answer. */
const plainly = { evaluation: { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] } };

describe('compareMethods', () => {
  let world: ServedWorld;

  beforeAll(async () => {
    world = await serveWorld();
  });

  afterAll(() => world.close());

  beforeEach(() => {
    world.inference.trouble = () => undefined;
    world.inference.delayMs = 0;
    world.inference.requests.splice(0);
  });

  const start = (id: string, ...args: unknown[]): Promise<WorkflowHandle> => world.start('compareMethods', id, ...args);
  const compare = async (id: string, changes: object = {}) =>
    (await (await start(id, specification(changes))).result()) as ComparisonOutcome;
  const reportOf = async (id: string) =>
    JSON.parse(await readFile(path.join(world.folder, 'comparisons', id, 'report.json'), 'utf8')) as ComparisonReport;
  /** Calls of the measure of whether critics read. */
  const revised = async (runId: string, iteration: number) => {
    const measures = await readSealed<Measures>(world.store, iterationKeys.measures({ runId, iteration }));
    return measures?.cost.criticReading?.counts.calls ?? 0;
  };
  const progressOf = (handle: WorkflowHandle) => handle.query<ComparisonProgress>('progress');

  it('asks no model anything twice, and yet gives every method its result', async () => {
    const outcome = await compare('table');
    const asked = world.inference.requests.map((request) => JSON.stringify(request));
    expect(new Set(asked).size).toBe(asked.length);
    // Untuned: a debate of 9 calls, 6 further samples and 2 other temperatures. Majority finetuning: 3 to train, 11 to
    // evaluate. The method: its first training round is majority finetuning's, so 6 more, and 9 + 8 to evaluate.
    const [untuned, tuned] = await Promise.all([
      revised('table.untuned.s0', 0),
      revised('table.multiagent-finetuning.s0', 1),
    ]);
    expect(asked).toHaveLength(evaluated * (17 + 11 + 17) + train * (3 + 6) + untuned + tuned);
    expect(outcome.rows.map(({ method }) => method)).toEqual([
      'base',
      'majority',
      'debate',
      'majority-finetuning',
      'multiagent-finetuning',
      'untuned, vote over 9',
      'majority-finetuning, vote over 9',
      'multiagent-finetuning, vote over 9',
      'untuned, one sample at temperature 0',
      'majority-finetuning, one sample at temperature 0',
      'multiagent-finetuning, one sample at temperature 0',
      'untuned, one sample at temperature 0.5',
      'majority-finetuning, one sample at temperature 0.5',
      'multiagent-finetuning, one sample at temperature 0.5',
    ]);
    expect(outcome.rows.every(({ tasks }) => tasks.arithmetic?.n === evaluated)).toBe(true);
    const { calls, runs } = await reportOf('table');
    expect(calls.asked.calls).toBe(asked.length);
    // As if each run were alone; the two that train evaluate the untuned society as well.
    expect(runs.map(({ counts }) => counts.calls)).toEqual([
      evaluated * 17 + untuned,
      evaluated * 2 * 11 + train * 3,
      evaluated * 2 * 17 + train * 9 + untuned + tuned,
    ]);
  });

  it('measures the ways of answering that claims may name, and judges the claims', async () => {
    const claims = [
      { method: 'multiagent-finetuning', beats: 'debate' },
      { method: 'multiagent-finetuning', answering: 'sample-at-0', beats: { iteration: 0 } },
    ];
    await compare('claimed', { methods: ['debate', 'multiagent-finetuning'], claims });
    const { claims: judged } = await reportOf('claimed');
    expect(judged.arithmetic!.map(({ comparison }) => comparison?.withinSeeds.n)).toEqual([evaluated, evaluated]);
    const [, society] = resolveComparison(specification({ methods: ['debate', 'multiagent-finetuning'] })).groups(
      'id',
    )[0]!.runs;
    const { specification: run } = resolveSpecification(society!.specification);
    for (const iteration of [0, 1]) {
      const key = iterationKeys.evaluation({ runId: 'claimed.multiagent-finetuning.s0', iteration });
      const { modes } = JSON.parse(await readFile(path.join(world.folder, key), 'utf8')) as Evaluation;
      expect(new Set(modes.map(({ mode }) => mode))).toEqual(new Set(modesAfter(run, iteration)));
    }
  });

  it('is adopted by a second start with the same specification, which asks nothing and starts no run', async () => {
    const again = await compare('table');
    expect(world.inference.requests).toEqual([]);
    expect(again.failed).toEqual([]);
    const { rows } = await reportOf('table');
    expect(rows[0]!.cells.arithmetic!.seeds).toHaveLength(1);
  });

  it('makes whole seeds after each other, and puts several seeds into one cell', async () => {
    const methods = ['base', 'debate', 'single-agent'];
    await compare('seeds', { ...plainly, methods, seeds: [1, 2], runsInFlight: 2 });
    const { rows, runs } = await reportOf('seeds');
    expect(runs.map(({ runId }) => runId)).toEqual([
      'seeds.untuned.s1',
      'seeds.single-agent.s1',
      'seeds.untuned.s2',
      'seeds.single-agent.s2',
    ]);
    const tuned = rows.find(({ label }) => label === 'single-agent')!.cells.arithmetic!;
    expect(tuned.seeds.map(({ seed, iteration }) => [seed, iteration])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(tuned.comparison!.overSeeds.n).toBe(2);
  });

  it('evaluates what is trained on one task on the others too, and trains nobody again', async () => {
    const tasks = [10, 20].map((max) => ({ ...arithmetic, name: `below-${max}`, max }));
    const methods = ['debate', { name: 'on-10', trainOn: 'below-10' }];
    const outcome = await compare('matrix', { ...plainly, task: undefined, tasks, methods, runsInFlight: 2 });
    expect(outcome.failed).toEqual([]);
    const { rows, runs } = await reportOf('matrix');
    expect(runs.map(({ runId, reused }) => [runId, reused.calls])).toEqual([
      ['matrix.untuned.below-10.s0', 0],
      ['matrix.on-10.below-10.s0', evaluated * 9],
      ['matrix.untuned.below-20.s0', 0],
      // The tuned agents are asked anew; now and then the untuned summariser is shown what it has been shown before.
      ['matrix.on-10.below-20.s0', expect.any(Number)],
    ]);
    const trainings = world.trainer.requests.filter(({ runId }) => runId.startsWith('matrix.'));
    expect(trainings).toHaveLength(6);
    const cells = rows.find(({ label }) => label === 'on-10')!.cells;
    expect(cells['below-20']!.seeds).toMatchObject([{ runId: 'matrix.on-10.below-20.s0', iteration: 0, n: evaluated }]);
    expect(cells['below-20']!.training).toEqual(cells['below-10']!.training);
    expect(cells['below-20']!.comparison).not.toBeNull();
  });

  it('distils another method’s last society into one model, and counts only the training of that one', async () => {
    const taught = { preset: 'distilled', teacher: 'multiagent-finetuning' };
    await compare('taught', { ...plainly, methods: [taught, 'multiagent-finetuning'] });
    const { rows, runs } = await reportOf('taught');
    expect(runs.map(({ runId }) => runId)).toEqual(['taught.multiagent-finetuning.s0', 'taught.distilled.s0']);
    const society = await readSealed<Society>(
      world.store,
      iterationKeys.society({ runId: 'taught.distilled.s0', iteration: 0 }),
    );
    expect(Object.values(society!.agents).every(({ model }) => model.startsWith('taught.multiagent'))).toBe(true);
    const cell = rows.find(({ label }) => label === 'distilled')!.cells.arithmetic!;
    // The double counts an example for each training; the six of the teacher stand in the teacher's row.
    expect(cell.training!.examples).toBe(1);
    expect(cell.callsPerAnswer).toBe(1);
  });

  it('says before its first run what any of them would be refused for', async () => {
    const methods = ['base', { name: 'elsewhere', preset: 'majority-finetuning', model: { base: 'not-here' } }];
    const tasks = [arithmetic];
    const handle = await start('unserved', specification({ task: undefined, tasks, methods, seeds: [6, 7] }));
    const failure = await handle.result().catch((error: unknown) => error);
    const cause = (failure as WorkflowFailedError).cause as ApplicationFailure;
    expect(cause.type).toBe('InvalidRunSpec');
    expect(cause.message).toMatch(
      /^model.base: "not-here" is not served by the endpoint "embedded", which offers: .+$/,
    );
    expect(world.inference.requests).toEqual([]);
    await expect(readFile(path.join(world.folder, 'comparisons', 'unserved', 'comparison.json'))).rejects.toThrow(
      'ENOENT',
    );
  });

  it('records a run that fails, goes on with the others, and tries it again the next time', async () => {
    const methods = ['base', 'majority', 'majority-finetuning', { preset: 'without-summary' }];
    world.inference.trouble = ({ messages }) =>
      messages.length > 1 ? new ProviderError('400: no debates today', { status: 400, retryable: false }) : undefined;
    const first = await compare('failing', { ...plainly, methods, seeds: [3] });
    expect(first.failed).toEqual([
      { runId: 'failing.without-summary.s3', reason: expect.stringContaining('limits.maxFailedShare') },
    ]);
    expect(first.rows.find(({ method }) => method === 'majority-finetuning')!.tasks.arithmetic).not.toBeNull();
    expect((await reportOf('failing')).notices.join()).toContain('failing.without-summary.s3 failed:');
    world.inference.trouble = () => undefined;
    expect((await compare('failing', { ...plainly, methods, seeds: [3] })).failed).toEqual([]);
  });

  it('pauses all its runs on one signal, starts nothing new, and goes on after resume', async () => {
    world.inference.delayMs = 30;
    const handle = await start('paused', specification({ ...plainly, methods: ['debate'], seeds: [4] }));
    await until(() => world.inference.requests.length > 0, 'a model is asked');
    await handle.signal('pause', 'lunch');
    await until(async () => (await progressOf(handle)).paused, 'it is paused');
    const run = world.namespace.client.workflow.getHandle('maft/paused.untuned.s4');
    await until(async () => (await run.query<{ paused: boolean }>('progress')).paused, 'its run is paused');
    const asked = await settled(() => world.inference.requests.length);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(world.inference.requests.length).toBe(asked);
    expect(await progressOf(handle)).toMatchObject({ pauseReason: 'lunch', openRuns: ['paused.untuned.s4'] });
    await handle.signal('resume');
    expect(((await handle.result()) as ComparisonOutcome).failed).toEqual([]);
  });

  it('is paused by a run that its endpoint no longer serves, and says why', async () => {
    // An outage that nobody waits ten minutes for.
    world.inference.trouble = () => new ProviderError('the account is empty', { status: 402, retryable: false });
    const handle = await start('outage', specification({ methods: ['base'], seeds: [5] }));
    await until(async () => (await progressOf(handle)).paused, 'it is paused');
    expect((await progressOf(handle)).pauseReason).toContain('the account is empty');
    world.inference.trouble = () => undefined;
    await handle.signal('resume');
    expect(((await handle.result()) as ComparisonOutcome).failed).toEqual([]);
  });

  it('is cancelled together with its run, and goes on where it was when started again', async () => {
    world.inference.delayMs = 50;
    const handle = await start('cancelled', specification({ ...plainly, methods: ['debate'], seeds: [6] }));
    await until(() => world.inference.requests.length > 10, 'a model is asked');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    const run = await world.namespace.client.workflow.getHandle('maft/cancelled.untuned.s6').describe();
    expect(run.status.name).toBe('CANCELLED');
    world.inference.delayMs = 0;
    await compare('cancelled', { ...plainly, methods: ['debate'], seeds: [6] });
    const asked = world.inference.requests.map((request) => JSON.stringify(request));
    // Only calls that were on the way when it was cancelled may have been repeated.
    expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(12);
  });

  it.each([
    ['an unknown field', [{ ...specification(), metods: [] }], 'metods'],
    ['a bad method', [specification({ methods: ['debate', { name: 'none', members: 0 }] })], 'method "none"'],
    ['no object', ['gsm8k'], 'object'],
    ['two arguments', [specification(), specification()], 'one JSON object'],
    ['another specification under the same id', [specification({ seeds: [8] })], 'another specification'],
  ])('refuses %s at once with InvalidRunSpec that names it', async (kind, args, named) => {
    const handle = await start(kind.includes('same id') ? 'table' : `bad-${kind.replaceAll(/\W/g, '-')}`, ...args);
    const failure = await handle.result().catch((error: unknown) => error);
    const cause = (failure as WorkflowFailedError).cause as ApplicationFailure;
    expect(cause.type).toBe('InvalidRunSpec');
    expect(cause.message).toContain(named);
    expect(world.inference.requests).toEqual([]);
  });
});

describe('a comparison of many runs', () => {
  it('goes on in a new history before the old one grows too long', async () => {
    const namespace = await createNamespace();
    const groups = Array.from({ length: 45 }, (_, seed) => ({
      task: 'arithmetic',
      seed,
      runs: [1, 2, 3, 4].map((number) => `many.${number}.s${seed}`),
    }));
    const opened: string[] = [];
    const workers = await namespace.serve(
      plainActivities(plainPlan(), {
        resolveComparison: async () => ({ comparisonId: 'many', runsInFlight: 4, groups }),
        openComparedRun: async ({ runId }) => {
          opened.push(runId);
          return { specification: {}, finished: true };
        },
        writeComparison: async ({ comparisonId, failed }) => ({
          comparisonId,
          headline: '',
          rows: [],
          failed,
          page: '',
        }),
      }),
    );
    const options = { workflowId: 'maft/many', taskQueue: 'maft', args: [{}] };
    const handle = await namespace.client.workflow.start('compareMethods', options);
    await handle.result();
    expect(new Set(opened).size).toBe(180);
    const last = await namespace.client.workflow.getHandle('maft/many').describe();
    expect(last.runId).not.toBe(handle.firstExecutionRunId);
    expect(last.historyLength).toBeLessThan(4_000);
    workers.shutdown();
    await workers.finished;
    await namespace.close();
  });
});
