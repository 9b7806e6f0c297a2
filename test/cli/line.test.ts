/** What the commands of `maft line` write, on a store with real runs; models and trainer are doubles. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { createLine } from '../../src/cli/line/create';
import { describeDiff, describeLine, describeVersions, diffVersions, summariseLine } from '../../src/cli/line/history';
import { promoteByHand, rollBack } from '../../src/cli/line/promote';
import { renewHeldOut } from '../../src/cli/line/renew-held-out';
import type { RunSpecification } from '../../src/contract/specification';
import { normalisedText } from '../../src/domain/normalised-text';
import { findLine } from '../../src/stored-runs/stored-line';
import { trainedQuestions } from '../../src/stored-runs/trained-questions';
import { givenByUser, makeTasks, taskFor } from '../../src/tasks';
import { fakeBaseModel } from '../support/fake-ports';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let world: ServedWorld;

const task = { kind: 'arithmetic', max: 10, train: 6, eval: 4 };
const shared = { task, model: { base: fakeBaseModel }, method: { prompts: 'compact' } };
const plainly = { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] };
const author = { by: 'ada', why: '' };

const tasksOf = (specification: RunSpecification) =>
  makeTasks(specification, (settings) => taskFor(settings, { dataDirectory: world.folder, access: givenByUser }));
const create = (name: string, changes: object = {}, from = 'base') =>
  createLine(world.store, { name, from, raw: { ...shared, ...changes }, tasksOf, ...author });
const perform = async (id: string, changes: object = {}) =>
  (await world.start('multiagentFinetuning', id, { ...shared, evaluation: plainly, ...changes })).result();

beforeAll(async () => {
  world = await serveWorld();
  await perform('first', { seed: 4 });
  await perform('other-task', {
    seed: 4,
    task: ownData(12),
    method: {},
  });
});

afterAll(async () => {
  await world.close();
  await Runtime.instance().shutdown();
});

/** Arithmetic questions as a user's own data, half of them without an answer. */
function ownData(count: number): object {
  const file = path.join(world.folder, `problems-${count}.jsonl`);
  const lines = Array.from({ length: count }, (_, index) => {
    const question = `${index}+1*1+1-1*1`;
    return JSON.stringify({ id: `own-${index}`, question, ...(index % 2 === 0 ? { answer: index + 1 } : {}) });
  });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { kind: 'jsonl', path: file, answerType: 'number', train: 6, eval: 4 };
}

test('a line begins with one version and with held-out problems that its first society was not trained on', async () => {
  expect(await create('begun', {}, 'first')).toMatchObject({ number: 1, society: 'first@1', parent: null, by: 'ada' });
  const line = await findLine(world.store, 'begun');
  const heldOut = await line.heldOutProblems(await line.newestHeldOut());
  const trained = await trainedQuestions(world.store, { runId: 'first', iteration: 1 });
  expect(trained.size).toBe(6);
  expect(heldOut).toHaveLength(4);
  expect(heldOut.every(({ question, answer }) => answer !== undefined && !trained.has(normalisedText(question)))).toBe(
    true,
  );
  await expect(create('begun')).rejects.toThrow(/^line "begun" exists/);
  expect(describeLine(await summariseLine(world.store, 'begun'))).toMatch(/^begun: version 1, society first@1\n/);
});

test('people promote a finished run, roll back, and find both in the history', async () => {
  await create('steered');
  const why = 'looked at twenty answers';
  expect(await promoteByHand(world.store, { name: 'steered', society: 'first', by: 'bob', why })).toMatchObject({
    ...{ number: 2, society: 'first@1', parent: 1, run: null, decision: 'by hand', by: 'bob', why },
  });
  await expect(promoteByHand(world.store, { name: 'steered', society: 'first@1', ...author })).rejects.toThrow(
    'first@1 is current already',
  );
  expect(await rollBack(world.store, { name: 'steered', to: undefined, by: 'eve', why: 'too long' })).toMatchObject({
    ...{ number: 3, society: 'base', parent: 2, decision: 'rolled back', by: 'eve', why: 'to version 1: too long' },
  });
  await expect(rollBack(world.store, { name: 'steered', to: 7, ...author })).rejects.toThrow('it has 1 to 3');
  const text = describeVersions(await (await findLine(world.store, 'steered')).versions());
  expect(text).toMatch(
    /1: base\n.*created by ada[\s\S]*2: first@1\n.*promoted by hand, by bob\n.*looked at twenty[\s\S]*3: base\n/,
  );
});

test('a diff names the agents whose weights differ, and says what was not measured', async () => {
  const diff = await diffVersions(world.store, { name: 'steered', numbers: [1, 2] });
  expect(diff.agents.map(({ agent }) => agent)).toContain('generation-1');
  expect(diff.comparison).toBeNull();
  expect(describeDiff(diff)).toMatch(/no held-out problems that both were measured on\n6.agents with other weights/);
});

test.each([
  ['first@7', /^society: "first@7" does not exist/],
  ['other-task', /^task: line "checked" is of arithmetic, and run other-task of jsonl-number/],
])('promote refuses %s with the reason', async (society, message) => {
  await create('checked').catch(() => undefined);
  await expect(promoteByHand(world.store, { name: 'checked', society, ...author })).rejects.toThrow(message);
});

test('promote refuses a society that was trained on held-out problems', async () => {
  const few = { ...task, max: 2, eval: 60 };
  await create('memorised', { task: few });
  await perform('memory', { seed: 9, task: { ...task, max: 2, train: 8, eval: 1 } });
  await expect(promoteByHand(world.store, { name: 'memorised', society: 'memory', ...author })).rejects.toThrow(
    /^society: memory@1 was trained on \d+ of the 60 held-out problems of line "memorised"/,
  );
});

test('fresh held-out problems are none that were held out or trained on before, and looks at them begin again', async () => {
  await create('renewed', {}, 'first');
  const line = await findLine(world.store, 'renewed');
  await line.lookOf('some-run', { heldOut: 1, at: '' });
  const set = await renewHeldOut(world.store, { name: 'renewed', by: 'ada', why: 'looked at too often', tasksOf });
  expect(set).toMatchObject({ number: 2, size: 4, labelled: true, why: 'looked at too often' });
  const questions = (await Promise.all((await line.heldOutSets()).map((each) => line.heldOutProblems(each)))).flat();
  expect(new Set(questions.map(({ question }) => normalisedText(question))).size).toBe(8);
  expect((await summariseLine(world.store, 'renewed')).looks).toBe(0);
});

test('without enough reference answers only a gate that needs none is accepted', async () => {
  const own = { task: { ...ownData(20), eval: 12 }, method: {} };
  await expect(create('unlabelled', own)).rejects.toThrow(
    /^task\.eval: 12 problems with a reference answer are to be held out, and there are 10 new ones.*"approval"/,
  );
  await create('unlabelled', { ...own, promotion: 'approval' });
  const line = await findLine(world.store, 'unlabelled');
  const set = await line.newestHeldOut();
  expect(set).toMatchObject({ size: 12, labelled: false });
  expect((await line.heldOutProblems(set)).every(({ answer }) => answer === undefined)).toBe(true);
});

test.each(['', '../x', '.x', 'a/b', 'a'.repeat(81)])('%j is no name for a line', async (name) =>
  expect(create(name)).rejects.toThrow(/is not a name for a line/),
);
