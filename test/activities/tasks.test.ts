/** Runs on other tasks than Arithmetic: data files, evaluation elsewhere, answers that think aloud, a user's own program. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readSealed } from '../../src/artifacts/sealed';
import { parseLines } from '../../src/artifacts/lines';
import type { ChatRequest } from '../../src/ports';
import type { RunRecord } from '../../src/contract/run';
import type { Transcript } from '../../src/contract/transcript';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { graderFor } from '../../src/tasks';
import { activityWorld, evaluationShard, trainingShard, turnOf, type ActivityWorld } from '../support/activity-world';

let world: ActivityWorld;
/** What every model says; the default is the paper's form of answer. */
let say: (request: ChatRequest) => string;

beforeEach(async () => {
  say = () => 'so \\boxed{4}.';
  world = await activityWorld();
  world.inference.complete = async (request) => {
    world.inference.requests.push(request);
    return { text: say(request), finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } };
  };
  const rows = (word: string, answered = true) =>
    Array.from({ length: 4 }, (_, index) => ({
      question: `2 + 2 ${word} ${index}?`,
      ...(answered && { answer: '#### 4' }),
    }));
  await write('gsm8k/train.jsonl', rows('pears'));
  await write('gsm8k/test.jsonl', rows('apples'));
  await write('unlabelled/train.jsonl', rows('plums', false));
  await write('unlabelled/test.jsonl', [{ question: 'one plum?', answer: 4 }]);
});
afterEach(() => world.remove());

async function write(name: string, rows: object[] | string): Promise<void> {
  const file = path.join(world.folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof rows === 'string' ? rows : rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

const gsm8k = { kind: 'gsm8k', path: 'gsm8k', train: 4, eval: 4 };
const paper = { prompts: 'paper' };
const read = async (key: string) => parseLines<Record<string, unknown>>((await world.store.read(key))!);
const transcriptsOf = async (reference: { key: string; sha256: string }) =>
  parseLines<Transcript>(await world.store.readVerified(reference));

test('a run on data files stores its problems without their labels, and where they came from', async () => {
  await world.resolve('run', { task: gsm8k, method: paper });
  const problems = await read(runKeys.problems('run', 'train'));
  expect(problems.every((problem) => Object.keys(problem).sort().join() === 'id,question')).toBe(true);
  expect((await read(runKeys.references('run', 'train'))).map(({ answer }) => answer)).toEqual(['4', '4', '4', '4']);
  const record = await readSealed<RunRecord>(world.store, runKeys.record('run'));
  expect(record?.sources).toMatchObject([
    { split: 'train', problems: 4 },
    { split: 'eval', problems: 4 },
  ]);
});

test('evaluated on another task, problems, prompts and parser of the evaluation are that task’s', async () => {
  const plan = await world.resolve('run', { evalTask: gsm8k, method: paper });
  expect(plan).toMatchObject({ evaluationProblems: 4, notices: ['trained on arithmetic, evaluated on gsm8k'] });
  const evaluated = await world.debate(evaluationShard(plan));
  expect(world.inference.requests[0]!.messages[0]!.content).toMatch(/solve the following math problem\? 2 \+ 2 apples/);
  expect(await world.call('scoreEvaluation', { plan, iteration: 0, shards: [evaluated] })).toMatchObject({
    accuracy: 1,
  });
  world.inference.requests.length = 0;
  await world.debate(trainingShard(plan));
  expect(world.inference.requests[0]!.messages[0]!.content).toMatch(/What is the result of \d/);
});

test('training problems are the same whether the run is evaluated on its own task or elsewhere', async () => {
  await world.resolve('own', { method: paper });
  await world.resolve('elsewhere', { method: paper, evalTask: gsm8k });
  expect(await read(runKeys.problems('elsewhere', 'train'))).toEqual(await read(runKeys.problems('own', 'train')));
});

test('what a model thinks aloud is stored, but neither voted on, nor shown to others, nor trained on', async () => {
  say = () => '<think>5? \\boxed{5}</think>\n\nso \\boxed{4}.';
  const plan = await world.resolve('run', { task: gsm8k, method: paper });
  const shard = trainingShard(plan);
  const [first] = await transcriptsOf((await world.debate(shard)).transcripts);
  expect(first).toMatchObject({ consensus: { kind: 'agreed', answer: '4' } });
  expect(first!.rounds.flatMap(({ turns }) => turns.map(({ response }) => response))).toEqual(
    Array(6).fill('so \\boxed{4}.'),
  );
  expect(JSON.stringify(world.inference.requests)).not.toContain('think');
  const turn = {
    ...turnOf(shard, { problemId: first!.problemId, round: 1, member: 1 }),
    agent: 'generation-1',
    part: 'response' as const,
  };
  expect((await world.store.read(iterationKeys.turn(turn)))!.toString()).toContain('<think>');
});

test('with thinking: keep it is all said', async () => {
  say = () => '<think>5</think>\n\nso \\boxed{4}.';
  const plan = await world.resolve('run', { task: gsm8k, method: { ...paper, thinking: 'keep' } });
  const [first] = await transcriptsOf((await world.debate(trainingShard(plan))).transcripts);
  expect(first!.rounds[0]!.turns[0]!.response).toContain('<think>');
});

test('training problems need no labels: the audit counts only what has one', async () => {
  const task = { kind: 'jsonl', answerType: 'number', path: 'unlabelled', train: 4, eval: 1 };
  const plan = await world.resolve('run', { task, method: paper });
  const shard = await world.debate(trainingShard(plan));
  const { examples } = await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [shard.transcripts] });
  expect(examples['generation-1']).toBe(4);
  const audit = await world.call('auditTraining', { plan, iteration: 1, shards: [shard] });
  expect(audit.problems).toEqual({ agreed: 0, consensusRight: 0 });
  expect(audit.agents.every(({ examples }) => examples === 0)).toBe(true);
  await expect(world.resolve('other', { task, method: { ...paper, select: 'reference' } })).rejects.toThrow(
    /method\.select: "reference" needs a reference answer for every training problem; 4 have none/,
  );
});

test('where equality needs the grader, select: reference asks it, and the audit finds its verdicts', async () => {
  const asked: string[] = [];
  const grading = await activityWorld(() => ({
    grader: (reader) => ({
      grade: async (pairs) => {
        asked.push(...pairs.map(({ a, b }) => `${a}=${b}`));
        return reader.equal === undefined ? pairs.map(() => ({ equal: true })) : graderFor(reader).grade(pairs);
      },
    }),
  }));
  grading.inference.complete = async () => ({
    text: '\\boxed{0.5}',
    finishReason: 'stop',
    usage: { promptTokens: 1, completionTokens: 1 },
  });
  const row = (index: number) =>
    JSON.stringify({ problem: `p${index}`, level: 'Level 1', type: 'Algebra', solution: '\\boxed{\\frac12}' });
  await writeFile(path.join(grading.folder, 'math.jsonl'), [1, 2, 3, 4].map((index) => `${row(index)}\n`).join(''));
  const task = { kind: 'math', path: 'math.jsonl', train: 2, eval: 2 };
  const plan = await grading.resolve('run', { task, method: { ...paper, select: 'reference' } });
  // Before a run begins, the grader is asked whether it is there.
  asked.length = 0;
  const shard = await grading.debate(trainingShard(plan));
  const { examples } = await grading.call('selectTrainingData', {
    plan,
    iteration: 1,
    transcripts: [shard.transcripts],
  });
  expect(examples['generation-1']).toBe(2);
  expect(asked).toEqual(['0.5=\\frac12']);
  const audit = await grading.call('auditTraining', { plan, iteration: 1, shards: [shard] });
  expect(audit.problems).toEqual({ agreed: 2, consensusRight: 2 });
  expect(asked).toHaveLength(1);
  await grading.remove();
});

test('a user’s own task whose program changed is refused, not adopted', async () => {
  const program = `exports.load = () => [1, 2, 3, 4, 5, 6, 7, 8].map((id) => ({ id, question: 'q' + id, answer: '4' }));`;
  await write('own.cjs', program);
  const changes = { task: { kind: 'module', path: 'own.cjs', train: 4, eval: 4 }, method: paper };
  const plan = await world.resolve('run', changes);
  expect(await world.resolve('run', changes)).toEqual({ ...plan, resumed: true });
  await write('own.cjs', `${program}\n// changed`);
  await expect(world.resolve('run', changes)).rejects.toThrow(/program of the task has changed since the run began/);
});
