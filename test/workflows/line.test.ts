/**
 * Nights on a line: real workflows, activities and files; doubles only where a model or a trainer would be. Tuned agents
 * answer right and the base answers wrong, so that the first night is clearly better.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { answerRun } from '../../src/cli/line/answer';
import { createLine } from '../../src/cli/line/create';
import { diffVersions } from '../../src/cli/line/history';
import type { PromotionDecision } from '../../src/contract/line';
import type { RunOutcome, RunProgress, RunRecord } from '../../src/contract/run';
import type { RunSpecification } from '../../src/contract/specification';
import { buildReport, renderTable } from '../../src/report';
import { gatherReport } from '../../src/stored-runs/gather-report';
import { findLine, questionDigest } from '../../src/stored-runs/stored-line';
import { standingOf } from '../../src/stored-runs/standing';
import { StoredRun } from '../../src/stored-runs/stored-run';
import { givenByUser, makeTasks, taskFor } from '../../src/tasks';
import { fakeBaseModel } from '../support/fake-ports';
import { until } from '../support/namespace';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let world: ServedWorld;

const answered = (question: string) => {
  const [, a = '0', b = '0'] = /(\d+) plus (\d+)/.exec(question) ?? [];
  return Number(a) + Number(b);
};

beforeAll(async () => {
  world = await serveWorld();
  world.inference.says = ({ model, messages }) => {
    const question = messages.map(({ content }) => content).join('\n');
    const slip = model === fakeBaseModel ? 1 : 0;
    return `So the answer is \\boxed{${answered(question) + slip}}`;
  };
});

afterAll(async () => {
  await world.close();
  await Runtime.instance().shutdown();
});

/** Adds a file of questions without answers to a line's source. */
function addQuestions(source: string, from: number, count: number): void {
  const folder = path.join(world.folder, source);
  mkdirSync(folder, { recursive: true });
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ question: `What is ${from + index} plus 1000?` }),
  );
  writeFileSync(path.join(folder, `from-${from}.jsonl`), `${lines.join('\n')}\n`);
}

function addHeldOut(name: string, isLabelled: boolean): string {
  const lines = Array.from({ length: 10 }, (_, index) =>
    JSON.stringify({ question: `What is ${index} plus 1?`, ...(isLabelled ? { answer: index + 1 } : {}) }),
  );
  writeFileSync(path.join(world.folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
  return `${name}.jsonl`;
}

async function newLine(name: string, changes: object = {}, isLabelled = true): Promise<void> {
  addQuestions(name, 10, 4);
  const raw = {
    task: { kind: 'jsonl', path: name, answerType: 'number', train: 4 },
    evalTask: { kind: 'jsonl', path: addHeldOut(`${name}-held-out`, isLabelled), answerType: 'number', eval: 8 },
    method: { members: 2, rounds: 1 },
    model: { base: fakeBaseModel },
    minimumProblems: 2,
    ...changes,
  };
  const tasksOf = (specification: RunSpecification) =>
    makeTasks(specification, (settings) => taskFor(settings, { dataDirectory: world.folder, access: givenByUser }));
  await createLine(world.store, { name, from: 'base', raw, by: 'ada', why: '', tasksOf });
}

const plainly = { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] };
const night = (line: string, changes: object = {}) => ({ line, seed: 'run', evaluation: plainly, ...changes });
const start = (id: string, specification: object) => world.start('multiagentFinetuning', id, specification);
const perform = async (id: string, specification: object) =>
  (await (await start(id, specification)).result()) as RunOutcome;

const json = <Content>(...file: string[]) =>
  JSON.parse(readFileSync(path.join(world.folder, ...file), 'utf8')) as Content;
const recordOf = (runId: string) => json<RunRecord>('runs', runId, 'run.json');
const decisionOf = (runId: string) => json<PromotionDecision>('runs', runId, 'decisions', '1-promotion.json');
const trainedOn = (runId: string) =>
  readFileSync(path.join(world.folder, 'runs', runId, 'problems', 'train.jsonl'), 'utf8')
    .trim()
    .split('\n');

async function pageOf(runId: string): Promise<string> {
  const run = (await StoredRun.find(world.store, runId))!;
  const report = buildReport(await gatherReport(run, 1, { prices: () => undefined }));
  return renderTable(report, { ascii: true, width: 200 });
}

describe('nights on one line', () => {
  beforeAll(() => newLine('maths'));

  test('the first is clearly better than the untuned society, and takes over', async () => {
    const outcome = await perform('monday', night('maths'));
    expect(outcome.promotion).toMatchObject({ promoted: true, version: 2 });
    expect(outcome.promotion?.why).toMatch(/^it is clearly better; look 1 .* asks for p < 0\.049, and p = 0\.0078$/);
    const line = await findLine(world.store, 'maths');
    expect(await line.current()).toMatchObject({
      ...{ number: 2, society: 'monday@1', parent: 1, run: 'monday', decision: 'gate', by: 'gate better' },
      evidence: { look: 1, comparison: { n: 8, onlyFirst: 8, onlySecond: 0 } },
    });
    expect(recordOf('monday').line).toEqual({ name: 'maths', version: 1, society: 'base', heldOut: 1 });
    expect(decisionOf('monday')).toMatchObject({ promoted: true, version: 2, verdict: 'promote' });
    expect(await pageOf('monday')).toMatch(
      /^Promoted to version 2 of line maths: it is clearly better; [\s\S]*monday@1 against base on 8 held-out problems: \+100\.0 points/,
    );
    const problems = trainedOn('monday').map((line) => (JSON.parse(line) as { question: string }).question);
    expect((await line.used('monday'))?.map(({ digest }) => digest)).toEqual(problems.map(questionDigest));
  });

  test('the second starts from it, trains on what is new in a source that grew, and is not better: it stays', async () => {
    addQuestions('maths', 20, 3);
    const outcome = await perform('tuesday', night('maths'));
    expect(outcome.promotion).toEqual({ promoted: false, why: 'it is not right more often', version: null });
    const { line, startedFrom, plan, specification } = recordOf('tuesday');
    expect(line).toEqual({ name: 'maths', version: 2, society: 'monday@1', heldOut: 1 });
    expect(startedFrom).toMatchObject({ runId: 'monday', iteration: 1 });
    expect(plan.trainProblems).toBe(3);
    expect(specification.seed).not.toBe(recordOf('monday').specification.seed);
    const [before, after] = [trainedOn('monday'), trainedOn('tuesday')];
    const questionsOf = (lines: string[]) => lines.map((each) => (JSON.parse(each) as { question: string }).question);
    expect(questionsOf(after).every((question) => /2\d plus/.test(question))).toBe(true);
    expect(questionsOf(before).some((question) => questionsOf(after).includes(question))).toBe(false);
    expect(decisionOf('tuesday').evidence).toMatchObject({ look: 2, parent: { version: 2, society: 'monday@1' } });
    expect(await pageOf('tuesday')).toMatch(/^Not promoted on line maths: it is not right more often\./);
    expect((await (await findLine(world.store, 'maths')).versions()).map(({ number }) => number)).toEqual([1, 2]);
  });

  test('one that finds too little that is new asks nothing, and is called skipped', async () => {
    addQuestions('maths', 30, 1);
    const asked = world.inference.requests.length;
    const outcome = await perform('wednesday', night('maths'));
    const why = 'the source of line "maths" has 1 new training problems, and a run needs at least 2';
    expect(outcome).toMatchObject({ iterations: 0, skipped: why, counts: { calls: 0 } });
    expect(world.inference.requests).toHaveLength(asked);
    expect((await standingOf(world.store, 'wednesday')).standing).toBe('finished');
    expect(await (await findLine(world.store, 'maths')).used('wednesday')).toBeUndefined();
    expect(readFileSync(path.join(world.folder, 'runs', 'wednesday', 'report.html'), 'utf8')).toContain(
      'Skipped: the source',
    );
    // It stays skipped if it is started again, also when the source has grown.
    addQuestions('maths', 40, 4);
    expect(await perform('wednesday', night('maths'))).toMatchObject({ skipped: why });
  });

  test('one that is started again trains on the same problems, whatever was added since', async () => {
    await perform('thursday', night('maths'));
    const [drawn, looks] = [trainedOn('thursday'), decisionOf('thursday').evidence.look];
    addQuestions('maths', 50, 4);
    const problems = path.join(world.folder, 'runs', 'thursday', 'problems', 'train.jsonl');
    rmSync(problems);
    await perform('thursday', night('maths'));
    expect(trainedOn('thursday')).toEqual(drawn);
    expect(decisionOf('thursday').evidence.look).toBe(looks);
  });

  test('a diff of two versions pairs their answers on the held-out problems', async () => {
    const diff = await diffVersions(world.store, { name: 'maths', numbers: [1, 2] });
    expect(diff.versions.map(({ accuracy }) => accuracy)).toEqual([0, 1]);
    expect(diff.comparison).toMatchObject({ n: 8, onlyFirst: 8 });
  });
});

test('a run whose line was promoted on meanwhile ends superseded, and takes no look', async () => {
  await newLine('raced');
  const line = await findLine(world.store, 'raced');
  const handle = await start('slow', night('raced'));
  await until(async () => (await world.store.read('runs/slow/run.json')) !== undefined, 'the run has begun');
  const made = { society: 'monday@1', parent: 1, run: null, evidence: null, decision: 'by hand' } as const;
  await line.append({ ...made, by: 'bob', why: '', at: '' });
  const { promotion } = (await handle.result()) as RunOutcome;
  expect(promotion).toEqual({
    promoted: false,
    why: 'superseded: version 2 (monday@1, by hand) was made current by bob while the run went on',
    version: null,
  });
  expect(decisionOf('slow').verdict).toBe('superseded');
  expect(await line.looks(1)).toEqual([]);
});

test('a sign of collapse forbids a promotion, and takes no look', async () => {
  await newLine('guarded');
  const says = world.inference.says;
  world.inference.says = (request) => (request.model === fakeBaseModel ? says(request) : 'as always \\boxed{7}');
  const { promotion } = await perform('collapsed', night('guarded'));
  world.inference.says = says;
  expect(promotion?.why).toMatch(/^a sign of collapse forbids it: .*many responses are one text/);
  expect(await (await findLine(world.store, 'guarded')).looks(1)).toEqual([]);
});

describe('approval, without any reference answer', () => {
  const asks = async (id: string) => {
    const handle = await start(id, night('asked', { iterations: 1 }));
    await until(async () => (await handle.query<RunProgress>('progress')).approval !== undefined, 'people are asked');
    return handle;
  };

  beforeAll(() => newLine('asked', { promotion: { gate: 'approval', approveWithin: '2d' } }, false));

  test('asks people who see what is known, and stores who decided and why', async () => {
    const early = await start('friday', night('asked'));
    const decide = (update: string, input: unknown) => early.executeUpdate(update, { args: [input] });
    await expect(
      answerRun(world.namespace.client, { run: 'friday', answer: 'approve', by: 'ada', why: 'too early' }),
    ).rejects.toThrow(/^run friday: the run asks for no approval now/);
    await until(async () => (await early.query<RunProgress>('progress')).approval !== undefined, 'people are asked');
    const { approval, accuracy } = await early.query<RunProgress>('progress');
    expect(accuracy).toEqual({});
    expect(approval).toMatchObject({ otherwise: 'reject' });
    expect(approval?.question).toMatch(
      /^friday@1 against base on 8 held-out problems, which have no reference answers: the members agree on 100\.0 %/,
    );
    await expect(decide('approve', { by: '', why: '' })).rejects.toThrow();
    expect(await decide('approve', { by: 'ada', why: 'read twenty answers' })).toBe('approved');
    const { promotion } = (await early.result()) as RunOutcome;
    expect(promotion).toEqual({ promoted: true, version: 2, why: 'approved by ada: read twenty answers' });
    expect(decisionOf('friday').approval).toEqual({ approved: true, by: 'ada', why: 'read twenty answers' });
    expect(await (await findLine(world.store, 'asked')).current()).toMatchObject({
      ...{ society: 'friday@1', decision: 'approved', by: 'ada', why: 'read twenty answers' },
    });
    expect(await pageOf('friday')).toMatch(
      /^Promoted to version 2 of line asked[\s\S]*have no reference answers, so how often/,
    );
  });

  test('takes a rejection, and nothing after it', async () => {
    addQuestions('asked', 60, 4);
    const handle = await asks('saturday');
    const reject = { run: 'saturday', answer: 'reject', by: 'bob', why: 'rambles' } as const;
    expect(await answerRun(world.namespace.client, reject)).toEqual({ runId: 'saturday', decided: 'rejected' });
    expect(((await handle.result()) as RunOutcome).promotion).toMatchObject({
      promoted: false,
      why: 'rejected by bob: rambles',
    });
  });

  test('decides as stated when the time passes', async () => {
    const promotionOf = { gate: 'approval', approveWithin: '1s', otherwise: 'approve' };
    await newLine('hurried', { promotion: promotionOf, method: { members: 2 } }, false);
    // With every measure that a run has by default, some of which judge answers where they can be judged.
    const { promotion } = await perform('sunday', night('hurried', { evaluation: {} }));
    expect(promotion).toMatchObject({ promoted: true, version: 2 });
    expect(decisionOf('sunday').approval).toMatchObject({ by: 'the passing of promotion.approveWithin' });
  });
});

describe('refusals', () => {
  beforeAll(() => newLine('refusing'));

  test.each([
    [{ line: 'nights' }, /^line: "nights" names no line of this store/],
    [{ line: '../runs/monday' }, /^line: "\.\.\/runs\/monday" names no line of this store/],
    [{ line: 'refusing', method: 'single-agent' }, /^method: line "refusing" fixes it/],
    [
      { line: 'refusing', stopWhen: 'plateau' },
      /^stopWhen(\.signal)?: "plateau" is impossible: a line has held-out problems/,
    ],
  ])('a run with %j is refused before anything is asked', async (specification, message) => {
    const failure = await perform('refused', { seed: 1, ...specification }).then(
      () => undefined,
      (error: Error) => error.cause as Error,
    );
    expect(failure?.message).toMatch(message);
  });
});
