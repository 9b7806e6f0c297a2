/**
 * Nights in a row, as a user has them: a real schedule that fires every three seconds, a real worker that is killed, a line
 * on disk. Doubles only where a model or a trainer would be (test/support/night-worker.cjs).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { createLine } from '../../src/cli/line/create';
import type { PromotionDecision } from '../../src/contract/line';
import type { RunOutcome, RunRecord } from '../../src/contract/run';
import type { RunSpecification } from '../../src/contract/specification';
import { parseSchedule } from '../../src/specification/schedule';
import { applySchedule } from '../../src/runs/schedules';
import { standingOf } from '../../src/stored-runs/standing';
import { findLine } from '../../src/stored-runs/stored-line';
import { givenByUser, makeTasks, taskFor } from '../../src/tasks';
import { fakeBaseModel } from '../support/fake-ports';
import { createNamespace, until, type TestNamespace } from '../support/namespace';
import { testServerAddress } from '../support/temporal-server';

const folder = mkdtempSync(path.join(tmpdir(), 'maft-nights-'));
const store = new FileArtifactStore(folder);
let namespace: TestNamespace;
let worker: ChildProcess;

async function startWorker(): Promise<void> {
  const where = JSON.stringify({ address: testServerAddress(), namespace: namespace.name, folder });
  const script = path.join(__dirname, '../support/night-worker.cjs');
  worker = spawn(process.execPath, [script, where], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(worker.stdout!, 'data');
}

/** Adds questions without answers to the line's source. */
function addQuestions(from: number, count: number): void {
  const lines = Array.from({ length: count }, (_, index) => `{"question": "What is ${from + index} plus 1?"}`);
  writeFileSync(path.join(folder, 'source', `from-${from}.jsonl`), `${lines.join('\n')}\n`);
}

const scheduled = (deadline: string) =>
  applySchedule(namespace.client, {
    schedule: parseSchedule({ id: 'nights', when: { every: '3s' }, run: 'given' }),
    raw: {
      ...{ line: 'nights', seed: 'run', limits: { deadline } },
      evaluation: { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] },
      execution: { shardSize: 2, shardsInFlight: 1, problemsInFlight: 4 },
    },
    digest: undefined,
  });

beforeAll(async () => {
  namespace = await createNamespace();
  mkdirSync(path.join(folder, 'source'));
  addQuestions(1000, 4);
  const heldOut = Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({ question: `What is ${index} plus 1?`, answer: index + 1 }),
  );
  writeFileSync(path.join(folder, 'held-out.jsonl'), `${heldOut.join('\n')}\n`);
  const tasksOf = (specification: RunSpecification) =>
    makeTasks(specification, (settings) => taskFor(settings, { dataDirectory: folder, access: givenByUser }));
  const raw = {
    task: { kind: 'jsonl', path: 'source', answerType: 'number', train: 40 },
    evalTask: { kind: 'jsonl', path: 'held-out.jsonl', answerType: 'number', eval: 40 },
    method: { members: 2, rounds: 1 },
    model: { base: fakeBaseModel },
    minimumProblems: 2,
  };
  await createLine(store, { name: 'nights', from: 'base', raw, by: 'ada', why: '', tasksOf });
  await startWorker();
  await scheduled('1h');
});

afterAll(async () => {
  await namespace.client.schedule.getHandle('nights').delete();
  const ended = once(worker, 'exit');
  worker.kill('SIGKILL');
  await ended;
  await namespace.close();
  rmSync(folder, { recursive: true, force: true });
});

const json = <Content>(...file: string[]) => JSON.parse(readFileSync(path.join(folder, ...file), 'utf8')) as Content;
const outcomes = new Map<string, RunOutcome>();

async function closedNights() {
  const query = "WorkflowType = 'multiagentFinetuning' AND ExecutionStatus = 'Completed'";
  const closed: { workflowId: string; startTime: Date; closeTime?: Date | undefined }[] = [];
  for await (const info of namespace.client.workflow.list({ query })) closed.push(info);
  return closed.sort((left, right) => left.startTime.getTime() - right.startTime.getTime());
}

/** Every night that has ended, in their order. */
async function nights(): Promise<RunOutcome[]> {
  const closed = await closedNights();
  for (const { workflowId } of closed) {
    if (!outcomes.has(workflowId))
      outcomes.set(workflowId, (await namespace.client.workflow.getHandle(workflowId).result()) as RunOutcome);
  }
  return closed.map(({ workflowId }) => outcomes.get(workflowId)!);
}

/** Nights that had something to train on. */
const worked = async () => (await nights()).filter(({ skipped }) => skipped === undefined);

async function nightNumber(number: number): Promise<RunOutcome> {
  await until(async () => (await worked()).length >= number, `night ${number} has ended`);
  return (await worked())[number - 1]!;
}

async function secondsOfFirstNight(): Promise<number> {
  const { startTime, closeTime } = (await closedNights())[0]!;
  return (closeTime!.getTime() - startTime.getTime()) / 1000;
}

const trainedOn = (runId: string) => {
  const decisions = readdirSync(path.join(folder, 'runs', runId, 'decisions'));
  const shards = decisions.includes('2-fewer-problems.json')
    ? json<{ shards: number[] }>('runs', runId, 'decisions', '2-fewer-problems.json').shards
    : undefined;
  const lines = readFileSync(path.join(folder, 'runs', runId, 'problems', 'train.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const { shardSize } = json<RunRecord>('runs', runId, 'run.json').plan;
  const questions = lines.map((line) => (JSON.parse(line) as { question: string }).question);
  return questions.filter((_, index) => shards?.includes(Math.floor(index / shardSize)) ?? true);
};

test('the first night is better and takes over', async () => {
  const { promotion, accuracy } = await nightNumber(1);
  expect(accuracy).toEqual({ 0: 0.2, 1: 0.8 });
  expect(promotion).toMatchObject({ promoted: true, version: 2 });
});

test('a night with nothing new is skipped, and asks nothing', async () => {
  await until(async () => (await nights()).some(({ skipped }) => skipped !== undefined), 'a night is skipped');
  const skipped = (await nights()).find((night) => night.skipped !== undefined)!;
  expect(skipped.skipped).toBe('the source of line "nights" has no new training problems, and a run needs at least 2');
  expect(skipped.counts.calls).toBe(0);
});

test('a night whose worker is killed in the middle goes on with another, and is better again', async () => {
  addQuestions(2000, 4);
  const turnsOf = () => readdirSync(folder, { recursive: true }) as string[];
  const isDebating = () =>
    turnsOf().filter((file) => /runs.*iteration-0.*turns.*json$/.test(file)).length > 2 * 40 + 10;
  await until(isDebating, 'the second night evaluates what it starts from');
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  await startWorker();
  const { promotion, accuracy } = await nightNumber(2);
  expect(accuracy).toEqual({ 0: 0.8, 1: 1 });
  expect(promotion).toMatchObject({ promoted: true, version: 3 });
});

test('a night that is late trains on fewer problems, and has ended before its deadline', async () => {
  // Room for all but the debate on the machine as it is, and a debate of twice that.
  const seconds = Math.ceil(20 + 3 * (await secondsOfFirstNight()));
  writeFileSync(path.join(folder, 'slow'), String((2 * seconds * 1000) / 20));
  expect((await scheduled(`${seconds}s`)).outcome).toBe('updated');
  addQuestions(3000, 40);
  const { runId, landed, iterations, promotion, accuracy } = await nightNumber(3);
  expect(landed?.why).toMatch(/^\d+ of 40 training problems were debated: more/);
  expect({ iterations, accuracy }).toEqual({ iterations: 1, accuracy: { 0: 1, 1: 1 } });
  expect(promotion).toMatchObject({ promoted: false, why: 'it is not right more often' });
  const [, deadline = ''] = /deadline (\S+)$/.exec(landed!.why)!;
  const { at } = json<{ at: string }>('runs', runId, 'decisions', '3-ended-early.json');
  expect(Date.parse(at)).toBeLessThan(Date.parse(deadline));
  expect((await standingOf(store, runId)).standing).toBe('finished');
  expect(readFileSync(path.join(folder, 'runs', runId, 'report.html'), 'utf8')).toContain('Landed early (late):');
});

test('the next night trains on what the late one left, and no question is trained on twice', async () => {
  rmSync(path.join(folder, 'slow'));
  await scheduled('1h');
  const late = trainedOn((await nightNumber(3)).runId);
  const next = trainedOn((await nightNumber(4)).runId);
  expect(late.length).toBeGreaterThan(0);
  expect(late.length).toBeLessThan(40);
  expect([...late, ...next].sort()).toEqual(
    Array.from({ length: 40 }, (_, index) => `What is ${3000 + index} plus 1?`),
  );
});

test('every night has an id of its own, only one was open at a time, and none was promoted without passing its gate', async () => {
  const all = await nights();
  expect(new Set(all.map(({ runId }) => runId)).size).toBe(all.length);
  const { info } = await namespace.client.schedule.getHandle('nights').describe();
  expect(info.numActionsSkippedOverlap).toBeGreaterThan(0);
  for (const { runId, promotion } of await worked()) {
    const { evidence, promoted } = json<PromotionDecision>('runs', runId, 'decisions', '1-promotion.json');
    const passes = evidence.comparison!.difference > 0 && evidence.comparison!.pValue < evidence.bar!;
    expect({ runId, promoted: promotion!.promoted }).toEqual({ runId, promoted });
    expect(passes).toBe(promoted);
  }
  const versions = await (await findLine(store, 'nights')).versions();
  expect(versions.map(({ decision }) => decision)).toEqual(['created', 'gate', 'gate']);
  const accuracies = versions.flatMap(({ evidence }) => evidence?.accuracy?.candidate ?? []);
  expect(accuracies).toEqual([0.8, 1]);
});
