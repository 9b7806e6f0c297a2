/** Which files of a folder are read, and what is said of those that cannot be: real links, pipes and devices. */
import { execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { taskFor } from '../../src/tasks';
import { taskSchema, type TaskSettings } from '../../src/tasks/kinds/all';
import { dataFolder, type DataFolder } from '../support/data-folder';

let data: DataFolder;

beforeEach(async () => {
  data = await dataFolder();
  await data.write({ 'good/own.jsonl': [1, 2, 3, 4].map((answer) => ({ question: `${answer}?`, answer })) });
});

afterEach(() => data.remove());

const settings = (where: string) => ({ kind: 'jsonl', answerType: 'number', path: where, train: 2, eval: 2 });
const refused = (where: string) =>
  data.draw(settings(where)).then(
    () => 'drawn',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test.each([
  [
    'a link that leads nowhere',
    (link: string) => symlink('nowhere', link),
    /good\/link\.jsonl: is a link that leads nowhere/,
  ],
  [
    'a link to itself',
    (link: string) => symlink('link.jsonl', link),
    /good\/link\.jsonl: is a link that leads to itself/,
  ],
  [
    'a link to a folder above',
    (link: string) => symlink('..', link),
    /good\/link\.jsonl: is a link to a folder that it lies in/,
  ],
])('%s in a folder of data is named, with what to do', async (_what, make, message) => {
  await make(path.join(data.folder, 'good', 'link.jsonl'));
  expect(await refused('good')).toMatch(message);
  expect(await refused('good')).toMatch(/^DatasetError/);
});

test('a link to a file and to a folder elsewhere are followed', async () => {
  await data.write({ 'far/more.jsonl': [{ question: '9?', answer: 9 }] });
  await symlink('../far', path.join(data.folder, 'good', 'more'));
  const { eval: evaluation, train } = await data.draw({ ...settings('good'), eval: 3 });
  expect([...evaluation, ...train[0]!]).toHaveLength(5);
});

test('a pipe and a device are no data', async () => {
  execFileSync('mkfifo', [path.join(data.folder, 'pipe')]);
  expect(await refused('pipe')).toMatch(/^DatasetError: .*pipe: is neither a file nor a folder/);
  await symlink('/dev/zero', path.join(data.folder, 'zero'));
  expect(await refused('zero')).toMatch(/^DatasetError: .*zero: is neither a file nor a folder/);
});

test.each(['/etc/passwd', '../../../etc/passwd', '/etc'])(
  'a path outside MAFT_DATA (%s) is refused without a word of what is in it, unless config.yaml allows its folder',
  async (outside) => {
    const said = await refused(outside);
    expect(said).toMatch(/^ConfigError: task\.path: \/etc.* is outside MAFT_DATA .* `dataFolders` in config\.yaml$/);
    const task = taskFor(taskSchema.parse(settings(outside)) as TaskSettings, {
      dataDirectory: data.folder,
      dataFolders: ['/etc'],
    });
    const read = await task.draw({ seed: 0, iterations: 1 }).catch((error: Error) => error.message);
    expect(read).not.toMatch(/root|bin/);
  },
);

test('a line that does not parse is named by its number, and never quoted', async () => {
  await writeFile(path.join(data.folder, 'secret.jsonl'), '{"question": "1?", "answer": 1}\npassword=hunter2\n');
  expect(await refused('secret.jsonl')).toMatch(/secret\.jsonl:2: is not JSON$/);
});

test('`answer: null` in rows of MATH and GSM8K is a problem without a label, which trains and does not evaluate', async () => {
  const labelled = [1, 2].map((answer) => ({
    problem: `${answer}?`,
    question: `${answer}?`,
    answer: String(answer),
    level: 1,
  }));
  const bare = { problem: '3?', question: '3?', answer: null, level: 1 };
  await data.write({ 'all.jsonl': [...labelled, bare] });
  for (const kind of ['math', 'gsm8k']) {
    const drawn = await data.draw({ kind, path: 'all.jsonl', train: 1, eval: 2 });
    expect(drawn.train[0]).toEqual([expect.not.objectContaining({ answer: expect.anything() })]);
  }
});

test('a pattern of names reads the files of one folder that match, and no others', async () => {
  const rows = (answer: number) => [{ question: `${answer}?`, answer }];
  await data.write({
    'logs/2026-11-01.jsonl': rows(1),
    'logs/2026-11-02.jsonl': rows(2),
    'logs/2025-11-03.jsonl': rows(3),
    'logs/deep/2026-11-04.jsonl': rows(4),
  });
  const drawn = async (pattern: string) => {
    const { eval: evaluation, train } = await data.draw({ ...settings(pattern), train: 1, eval: 1 });
    return [...evaluation, ...train[0]!].map(({ answer }) => answer).sort();
  };
  expect(await drawn('logs/2026-*.jsonl')).toEqual(['1', '2']);
  expect(await drawn('logs/2*-11-0*.jsonl')).toHaveLength(2);
  expect(await refused('logs/2024-*.jsonl')).toMatch(/no \.jsonl file matches, so jsonl has no problems/);
  expect(await refused('logs/*1-01.jsonl')).toMatch(/too|different problems/);
});
