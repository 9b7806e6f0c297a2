/** Adding a task: its file and its line in the list, in a copy of the program; every command then knows it. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformSync } from '@swc/core';
import { repositoryRoot } from '../../src/machine/paths';
import { taskKinds } from '../../src/tasks/kinds/all';

const capitals = `
/** Capitals of countries: JSON lines with {country, capital}. */
import { z } from 'zod';
import { dataPath, fileTask, publishedSplits } from './definition';
import { shortText, worded } from './wording';

export const capitals = fileTask({
  settings: z.strictObject({ kind: z.literal('capitals'), path: dataPath.default('capitals'), ...publishedSplits }),
  answers: 'text',
  prompts: worded({ ...shortText, ask: 'What is the capital of {question}?' }, 'the city'),
  about: 'your own list of capitals',
  layout: { extensions: ['.jsonl'], expected: 'one file' },
  row: z.object({ country: z.string(), capital: z.string() }),
  problem: ({ country, capital }, { id, parse, refuse }) => ({
    id,
    question: country,
    answer: parse(capital) ?? refuse('capital: empty'),
  }),
});
`;

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'maft-adding-'));
  for (const name of ['dist/src', 'python/maft', 'package.json'])
    cpSync(path.join(repositoryRoot(), name), path.join(copy, name), { recursive: true });
  const kinds = path.join(copy, 'dist/src/tasks/kinds');
  const compiled = transformSync(capitals, { jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } });
  writeFileSync(path.join(kinds, 'capitals.js'), compiled.code);
  appendFileSync(path.join(kinds, 'list.js'), '\n__exportStar(require("./capitals"), exports);\n');
  mkdirSync(path.join(copy, 'capitals'));
  const rows = ['Norway Oslo', 'Chad Ndjamena', 'Peru Lima'].map((row) => row.split(' '));
  const lines = rows.map(([country, capital]) => `${JSON.stringify({ country, capital })}\n`).join('');
  writeFileSync(path.join(copy, 'capitals/all.jsonl'), lines);
});

afterAll(() => rmSync(copy, { recursive: true }));

function node(given: string[], input = ''): string {
  const environment = { ...process.env, NODE_PATH: path.join(repositoryRoot(), 'node_modules'), MAFT_DATA: copy };
  return execFileSync(process.execPath, given, { cwd: copy, env: environment, encoding: 'utf8', input });
}

const maft = (given: string[], input?: string) => node(['dist/src/cli/main.js', ...given], input);

test('it is listed, its data are checked, a specification may name it, and its answers are graded', () => {
  expect(maft(['data', '--task', 'capitals', '--path', 'capitals'])).toContain('3 different problems');
  const specification = { task: { kind: 'capitals', train: 2, eval: 1 }, model: { base: 'any', endpoint: 'mine' } };
  writeFileSync(path.join(copy, 'specification.json'), JSON.stringify(specification));
  expect(JSON.parse(maft(['validate', 'specification.json', '--json']))).toMatchObject({
    specification: {
      task: { kind: 'capitals', path: expect.stringContaining('capitals') as string, splits: 'published' },
    },
  });
  expect(maft(['grade', '--task', 'capitals'], '{"a": "It is \\\\boxed{Oslo}.", "b": "oslo"}\n')).toContain(
    '"equal":true',
  );
});

test('its problems are drawn, asked in every set of words, read, and named where a run says what it was trained on', () => {
  const script = `
    const { drawRun, makeTasks, taskFor, givenByUser } = require('./dist/src/tasks');
    const { firstRoundMessages, promptsFor } = require('./dist/src/prompts');
    const { programParts } = require('./dist/src/program');
    const { runSpecificationSchema } = require('./dist/src/contract/specification');
    const { overview } = require('./dist/src/cli/data/overview');
    const specification = runSpecificationSchema.parse({
      task: { kind: 'capitals', train: 2, eval: 1 },
      evalTask: { kind: 'arithmetic', eval: 1 },
      model: { base: 'any' },
    });
    const tasks = makeTasks(specification, (task) => taskFor(task, { dataDirectory: '.', access: givenByUser }));
    drawRun(tasks, specification).then(({ train, notices }) => {
      const [{ id, question, answer }] = train[0];
      const asked = ['paper', 'json'].map(
        (set) => firstRoundMessages(promptsFor(set, tasks.train), { question })[0].content,
      );
      const read = tasks.train.parse('The answer is \\\\boxed{' + answer.toUpperCase() + '}.');
      const parts = Object.keys(programParts(['capitals']));
      console.log(JSON.stringify({ id, question, asked, same: tasks.train.equal(read, answer), notices, parts, listed: overview('.') }));
    });`;
  const found = JSON.parse(node(['-e', script])) as Record<'question' | 'listed', string> &
    Record<'asked' | 'parts', string[]>;
  expect(found).toMatchObject({ same: true, id: expect.stringMatching(/^capitals-00000\d$/) as string });
  expect(found.listed).toContain('capitals\n  your own list of capitals\n');
  expect(found).toMatchObject({ notices: ['trained on capitals, evaluated on arithmetic'] });
  for (const text of found.asked) expect(text).toContain(`What is the capital of ${found.question}?`);
  expect(found.parts).toContain('the task capitals');
});

test('docs/tasks.md has a row for every kind of task', () => {
  const page = readFileSync(path.join(repositoryRoot(), 'docs/tasks.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
  expect(rows).toEqual(expect.arrayContaining([...taskKinds]));
});
