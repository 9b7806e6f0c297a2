/**
 * Runs that begin or end otherwise than planned: from another run's society, measured without training, stopped by a
 * plateau on the validation split, braked by the guard. Doubles only where a model or a trainer would be.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Evaluation } from '../../src/contract/evaluation';
import type { GuardReport } from '../../src/contract/guard';
import type { RunOutcome, RunProgress } from '../../src/contract/run';
import { gatherReport } from '../../src/stored-runs/gather-report';
import { buildReport } from '../../src/report';
import { findSociety } from '../../src/stored-runs/find-society';
import { standingOf } from '../../src/stored-runs/standing';
import { StoredRun } from '../../src/stored-runs/stored-run';
import { fakeBaseModel } from '../support/fake-ports';
import { runFiles, turnsIn } from '../support/run-files';
import { until } from '../support/namespace';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let world: ServedWorld;

beforeAll(async () => {
  world = await serveWorld();
});

afterAll(async () => {
  await world.close();
  await Runtime.instance().shutdown();
});

afterEach(() => {
  world.inference.says = () => undefined;
});

const [train, evaluated] = [6, 2];
/** Only the society's own answer: votes, temperatures and measures have tests of their own. */
const plainly = { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] };

const small = (changes: object = {}) => ({
  task: { kind: 'arithmetic', max: 10, train, eval: evaluated },
  model: { base: fakeBaseModel },
  method: { prompts: 'compact' },
  evaluation: plainly,
  ...changes,
});

const start = (runId: string, input: unknown, type = 'multiagentFinetuning') => world.start(type, runId, input);

async function perform(runId: string, input: unknown, type?: string): Promise<RunOutcome> {
  return (await (await start(runId, input, type)).result()) as RunOutcome;
}

/** The refusal of a workflow that was started with something it cannot do. */
async function refusal(runId: string, input: unknown, type?: string): Promise<ApplicationFailure> {
  const failure = await perform(runId, input, type).then(
    () => undefined,
    (error: Error) => error.cause,
  );
  expect(failure).toBeInstanceOf(ApplicationFailure);
  return failure as ApplicationFailure;
}

const fileOf = (runId: string, ...parts: string[]) => path.join(world.folder, 'runs', runId, ...parts);
const json = <Content>(...file: string[]) => JSON.parse(readFileSync(path.join(...file), 'utf8')) as Content;

describe('a run from another run’s society', () => {
  beforeAll(() => perform('first', small({ seed: 4 })));

  test('goes on with its weights, and trains them further', async () => {
    const continued = small({ model: { base: fakeBaseModel, society: 'first' }, seed: 5 });
    await perform('second', continued);
    const [before, begun] = [
      await runFiles(world.folder, 'first').society(1),
      await runFiles(world.folder, 'second').society(0),
    ];
    expect(begun.agents).toEqual(before.agents);
    expect(begun.runId).toBe('second');
    const asked = turnsIn(await runFiles(world.folder, 'second').transcripts(1, 'train'));
    expect(new Set(asked.map(({ model }) => model)).has(fakeBaseModel)).toBe(false);
    const requests = world.trainer.requests.filter(({ runId }) => runId === 'second');
    expect(requests.every(({ start }) => start.startsWith('first.i1.'))).toBe(true);
  });

  test.each([
    ['nobody@1', /^model\.society: "nobody@1" names no run of this store .*\(runs: .*first/],
    ['frist', /did you mean "first"/],
    ['first@7', /^model\.society: "first@7" does not exist; the run has societies 0 to 1/],
    ['first@best', /without a validation split/],
  ])('that does not exist (%s) is refused with what there is', async (society, message) => {
    const failure = await refusal('never', small({ model: { base: fakeBaseModel, society } }));
    expect(failure.type).toBe('InvalidRunSpec');
    expect(failure.message).toMatch(message);
    expect(existsSync(fileOf('never'))).toBe(false);
  });

  test.each([
    [{ method: { members: 4, prompts: 'compact' } }, /first has no generation-4, critic-4/],
    [{ finetuning: { weights: 'full' } }, /finetuning\.weights: first was tuned with .*lora/],
    [{ method: 'majority-finetuning' }, /method\.weights: "one" model cannot go on from the 6 models/],
  ])('that does not fit (%j) is refused with the reason', async (changes, message) => {
    const failure = await refusal('unfit', small({ ...changes, model: { base: fakeBaseModel, society: 'first@1' } }));
    expect(failure.message).toMatch(message);
  });

  test('of another base model is refused', async () => {
    world.inference.served = [fakeBaseModel, 'other'];
    const failure = await refusal('other-base', small({ model: { base: 'other', society: 'first' } }));
    expect(failure.message).toMatch(
      /^model\.base: generation-1 of first is made of "fake-base" at endpoint "embedded"/,
    );
  });
});

describe('evaluateSociety, started by itself', () => {
  test('measures a finished society on another task and trains nobody', async () => {
    await perform('measured', small({ seed: 6 }));
    const trainings = world.trainer.requests.length;
    const task = { kind: 'arithmetic', max: 20, eval: 5 };
    const request = { society: 'measured@1', task, seed: 9, evaluation: { votes: { at: 'never' } } };
    expect(await perform('measuring', request, 'evaluateSociety')).toMatchObject({ problems: 5, failed: 0 });
    expect(world.trainer.requests).toHaveLength(trainings);
    const record = json<{ startedFrom: object; specification: { seed: number; iterations: number } }>(
      fileOf('measuring', 'run.json'),
    );
    expect(record.startedFrom).toMatchObject({ runId: 'measured', iteration: 1 });
    expect(record.specification).toMatchObject({ seed: 9, iterations: 0, task: { ...task } });
    const turns = turnsIn(await runFiles(world.folder, 'measuring').transcripts(0, 'eval'));
    const { agents } = await runFiles(world.folder, 'measured').society(1);
    expect(turns.every(({ agent, model }) => agents[agent]?.model === model)).toBe(true);
    expect(readFileSync(fileOf('measuring', 'report.html'), 'utf8')).toContain('Society measured@1');
    expect((await standingOf(world.store, 'measuring')).standing).toBe('finished');
    // Followed as any other run is, by `maft status` and by people.
    const progress = await world.namespace.client.workflow.getHandle('maft/measuring').query('progress');
    expect(progress).toMatchObject({ runId: 'measuring', stage: 'evaluate', iterations: 0, accuracy: {} });
  });

  test('says how many of its problems the society was trained on', async () => {
    const task = { kind: 'arithmetic', max: 2, train: 24, eval: 12 };
    await perform('memorised', small({ task }));
    await perform('remembering', { society: 'memorised', seed: 7 }, 'evaluateSociety');
    const { plan } = json<{ plan: { notices: string[] } }>(fileOf('remembering', 'run.json'));
    expect(plan.notices.join()).toMatch(
      /^\d+ of 12 evaluation problems are among those that memorised was trained on$/,
    );
  });

  test.each([
    [{}, /^society: missing; it must be .*RUN\[@ITERATION\]/],
    [{ society: 'measured', taks: 1 }, /^taks: 1 is an unknown field; did you mean "task"\?/],
    [{ society: 'nobody' }, /^society: "nobody" names no run/],
    [{ society: 'measured', task: { kind: 'arithmetic', max: 1 } }, /^task\.max: 1 is not allowed/],
    ['measured', /^input: "measured" is not an evaluation/],
  ])('refuses %j in one sentence', async (request, message) => {
    const failure = await refusal('bad-request', request, 'evaluateSociety');
    expect(failure.type).toBe('InvalidRunSpec');
    expect(failure.message).toMatch(message);
  });
});

describe('stopWhen: plateau', () => {
  test('ends the run by the validation split, which shares no problem with the others', async () => {
    const stopWhen = { signal: 'plateau', validation: 6, improvement: 1 };
    const outcome = await perform('plateau', small({ iterations: 5, stopWhen }));
    expect(outcome).toMatchObject({ iterations: 1 });
    expect(outcome.stopped).toMatch(/accuracy on the validation split no longer rises/);
    const questions = ['train', 'eval', 'eval.validation'].flatMap((split) =>
      readFileSync(fileOf('plateau', 'problems', `${split}.jsonl`), 'utf8')
        .trim()
        .split('\n'),
    );
    expect(new Set(questions).size).toBe(train + evaluated + 6);
    const validated = json<Evaluation>(fileOf('plateau', 'iteration-1', 'evaluation.validation.json'));
    expect(validated).toMatchObject({ split: 'eval.validation', problems: 6 });
    expect((await standingOf(world.store, 'plateau')).standing).toBe('finished');
    const report = buildReport(
      await gatherReport((await StoredRun.find(world.store, 'plateau'))!, 1, { prices: () => undefined }),
    );
    expect(report.state).toBe('completed');
    expect(report.statements.join()).toMatch(
      /Best on the validation split: iteration [01] with|% on the validation split: none is best/,
    );
    expect(report.endedEarly).toMatch(/^Stopped after .* no longer rises .*; 5 iterations were allowed\.$/);
    expect(report.notices).toContain(report.endedEarly);
    const best = await findSociety(world.store, 'plateau@best', 'society');
    expect([0, 1]).toContain(best.society.iteration);
  });

  test('leaves the other splits as they are without it', async () => {
    await perform('without-plateau', small({ iterations: 1 }));
    for (const split of ['train', 'eval']) {
      const file = path.join('problems', `${split}.jsonl`);
      expect(readFileSync(fileOf('plateau', file), 'utf8')).toBe(readFileSync(fileOf('without-plateau', file), 'utf8'));
    }
  });

  test('needs problems that are left beside the other splits', async () => {
    const task = { kind: 'arithmetic', max: 2, train: 20, eval: 20 };
    const failure = await refusal('too-few', small({ task, stopWhen: { signal: 'plateau', validation: 50 } }));
    expect(failure.message).toMatch(/^task: 90 different problems are asked for .* only 64 exist/);
  });
});

describe('guard', () => {
  /** Once tuned, every agent says the same, whatever it is asked. */
  const collapse = () => {
    world.inference.says = ({ model }) => (model === fakeBaseModel ? undefined : 'as always #7');
  };

  test('stop ends the run before the collapsed society trains anybody', async () => {
    collapse();
    const outcome = await perform('guarded', small({ iterations: 4, guard: 'stop' }));
    expect(outcome.iterations).toBe(1);
    expect(outcome.stopped).toMatch(/^stopped by guard after iteration 1: .*many responses are one text/);
    expect(await runFiles(world.folder, 'guarded').trained(2)).toHaveLength(6);
    expect(existsSync(fileOf('guarded', 'iteration-2', 'weights'))).toBe(false);
    const { findings } = json<GuardReport>(fileOf('guarded', 'iteration-2', 'guard.json'));
    expect(findings.map(({ kind }) => kind)).toContain('responses-alike');
    expect((await standingOf(world.store, 'guarded')).standing).toBe('finished');
    const report = readFileSync(fileOf('guarded', 'report.html'), 'utf8');
    expect(report).toContain('Stopped by guard after iteration 1');
  });

  test('pause asks people, and goes on when they resume', async () => {
    collapse();
    const handle = await start('asked', small({ iterations: 2, guard: 'pause' }));
    const ask = () => handle.query<RunProgress>('progress');
    await until(async () => (await ask()).paused, 'the run is paused');
    const progress = await ask();
    expect(progress.pauseReason).toMatch(/^guard: .*many responses are one text/);
    expect(progress.iteration).toBe(2);
    await handle.signal('resume');
    expect((await handle.result()) as RunOutcome).toMatchObject({ iterations: 2 });
    // Started again, it walks through what is there, and nobody is asked twice.
    expect(await perform('asked', small({ iterations: 2, guard: 'pause' }))).toMatchObject({ iterations: 2 });
  });

  test('report, the default, lets the run go on and shows what was found', async () => {
    collapse();
    expect(await perform('unguarded', small({ iterations: 2 }))).toMatchObject({ iterations: 2 });
    expect(existsSync(fileOf('unguarded', 'iteration-2', 'guard.json'))).toBe(true);
  });

  test('says nothing of a healthy run', async () => {
    await perform('healthy', small({ iterations: 2, guard: 'stop' }));
    const reports = [1, 2].map((iteration) =>
      json<GuardReport>(fileOf('healthy', `iteration-${iteration}`, 'guard.json')),
    );
    expect(reports.map(({ point }) => point.accuracy?.value)).toEqual([expect.any(Number), expect.any(Number)]);
  });
});
