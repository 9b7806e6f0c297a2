import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { InvalidRunSpec } from '../../src/errors';
import {
  loadComparisonFile,
  loadRunFile,
  loadSpecificationFile,
  resolveSpecification,
  specificationArgument,
} from '../../src/specification';

const folder = mkdtempSync(join(tmpdir(), 'maft-specification-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'run.yaml');
  writeFileSync(path, content);
  return path;
}

test('YAML and JSON are read alike, with numbers as they are written', async () => {
  const yaml = "task: {kind: arithmetic} # the paper's\nmodel: {base: tiny}\nfinetuning: {learningRate: 2e-4}\n";
  const json = { task: { kind: 'arithmetic' }, model: { base: 'tiny' }, finetuning: { learningRate: 2e-4 } };
  expect(await loadSpecificationFile(file(yaml))).toEqual(json);
  expect(await loadSpecificationFile(file(JSON.stringify(json)))).toEqual(json);
});

test('a relative path that is there beside the file is meant so, as workers find it; other texts stay', async () => {
  mkdirSync(join(folder, 'data', 'model'), { recursive: true });
  const written = (path: string, base: string) => ({ task: { kind: 'jsonl', path }, methods: [{ model: { base } }] });
  const content = file(JSON.stringify(written('data/own.jsonl', 'data/model')));
  const loaded = (data: string) => loadSpecificationFile(content, data);
  const absolute = join(folder, 'data', 'model');
  expect(await loaded(folder)).toEqual(written('data/own.jsonl', 'data/model'));
  expect(await loaded(tmpdir())).toEqual(written('data/own.jsonl', relative(tmpdir(), absolute)));
  expect(await loaded(join(folder, 'elsewhere'))).toEqual(written('data/own.jsonl', absolute));
  const names = { method: { prompts: { base: 'data' } }, task: { kind: 'module', options: { path: 'data' } } };
  file(JSON.stringify(names));
  expect(await loaded(join(folder, 'elsewhere'))).toEqual(names);
  file(JSON.stringify(written('/data/own.jsonl', 'Qwen/Qwen2.5-1.5B')));
  expect(await loaded(join(folder, 'elsewhere'))).toEqual(written('/data/own.jsonl', 'Qwen/Qwen2.5-1.5B'));
});

test.each([
  ['task: {kind: arithmetic\nmodel: x\n', /run\.yaml:\d+:\d+: /],
  ['seed: 1\nseed: 2\n', /run\.yaml:2:1: .*unique/],
  ['seed: *nowhere\n', /run\.yaml.*nowhere/],
  ['a: 1\n---\nb: 2\n', /run\.yaml:\d+:\d+: /],
])('%j is refused with file, line and column', async (content, message) => {
  const failure = await loadSpecificationFile(file(content)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidRunSpec);
  expect((failure as Error).message).toMatch(message);
});

const run = 'task: {kind: arithmetic}\nmodel: {base: tiny}\n';
const comparison = `${run}methods: [majority, debate]\n`;

test('a file of the kind that the command is for is read as it is', async () => {
  expect(await loadRunFile(file(run))).toEqual(await loadSpecificationFile(file(run)));
  expect(await loadComparisonFile(file(comparison))).toEqual(await loadSpecificationFile(file(comparison)));
  // What is no object at all is refused where specifications are resolved.
  expect([await loadRunFile(file('3')), await loadComparisonFile(file('3'))]).toEqual([3, 3]);
});

test.each([
  ['methods', comparison],
  ['seeds', `${run}seeds: [1, 2]\n`],
  ['tasks', 'model: {base: tiny}\ntasks: [{kind: arithmetic}]\n'],
])('a run file with `%s` is a comparison, and the message names the other command', (field, content) =>
  expect(loadRunFile(file(content))).rejects.toMatchObject({
    problems: [expect.stringMatching(new RegExp(`\`${field}\` .*comparison.*\`maft compare .*run\\.yaml\``)) as string],
  }),
);

test('a comparison file without methods is one run, and the message names the other command', () =>
  expect(loadComparisonFile(file(run))).rejects.toMatchObject({
    problems: [expect.stringMatching(/no `methods`.*`maft run .*run\.yaml`/) as string],
  }));

test('a missing file is named', () =>
  expect(loadSpecificationFile(join(folder, 'absent.yaml'))).rejects.toThrow(
    /absent\.yaml: cannot be read \(ENOENT\)/,
  ));

test.each([
  ['a device that never ends', () => '/dev/zero', /^\/dev\/zero: is larger than 1 MB/],
  ['a folder', () => folder, /cannot be read \(EISDIR\)/],
  [
    'YAML that is nested 5,000 levels deep',
    () => file(`a: ${'['.repeat(5000)}${']'.repeat(5000)}`),
    /:1:\d+: is nested too deep/,
  ],
  [
    'YAML that is nested 100 levels deep',
    () => file(`a: ${'['.repeat(100)}${']'.repeat(100)}`),
    /is nested more than 64 levels deep/,
  ],
])('%s is refused at once', async (_what, path, message) => {
  await expect(loadSpecificationFile(path())).rejects.toMatchObject({
    name: 'InvalidRunSpec',
    message: expect.stringMatching(message),
  });
});

test('an argument of a workflow that is nested 5,000 levels deep is refused, not walked through', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`) as unknown;
  expect(() => specificationArgument([deep])).toThrow('input: is nested more than 64 levels deep');
});

test('400 unknown fields are twenty lines', () => {
  const unknown = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`unknown${index}`, 1]));
  const refusal = () => resolveSpecification({ ...unknown, task: { kind: 'arithmetic' }, model: { base: 'any' } });
  expect(refusal).toThrow(/^(unknown\d+: 1 is an unknown field .*\n){19}… and 381 more problems$/);
});
