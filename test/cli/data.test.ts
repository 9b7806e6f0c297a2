import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkData, checkTable } from '../../src/cli/data/check';
import { fetchData } from '../../src/cli/data/fetch';
import { overview } from '../../src/cli/data/overview';
import { buildProgram } from '../../src/cli/main';
import { loadProblems, type FileSettings } from '../../src/tasks';
import { publicData, taskSchema, type PublicData } from '../../src/tasks/kinds/all';
import { gsm8k } from '../../src/tasks/kinds/gsm8k';
import { dataFolder, type DataFolder } from '../support/data-folder';

let data: DataFolder;
let server: Server;
let answer: Buffer;

beforeAll(async () => {
  data = await dataFolder();
  server = createServer((_request, response) => response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await data.remove();
});

/** A data set of one file that the local server gives. */
function published(name: string, content: Buffer): PublicData {
  const { port } = server.address() as AddressInfo;
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    ...publicData[0]!,
    files: [{ url: `http://127.0.0.1:${port}/${name}`, sha256, bytes: content.length, name }],
  };
}

const quiet = () => undefined;
const target = (name: string) => ({ path: name, dataDirectory: data.folder });
const row = (question: string) => `${JSON.stringify({ question, answer: '#### 1' })}\n`;

test('a file is fetched, and kept only if its digest is the published one', async () => {
  answer = Buffer.from(row('a'));
  await fetchData(published('train.jsonl', answer), target('fetched'), quiet);
  expect(await readFile(path.join(data.folder, 'fetched/train.jsonl'))).toEqual(answer);
  const changed = published('train.jsonl', Buffer.from('another'));
  await expect(fetchData(changed, target('changed'), quiet)).rejects.toThrow(
    /gave something else than was published.*Get http.* elsewhere, and put into .*changed: train\.jsonl and test\.jsonl/,
  );
  expect((await readdir(data.folder)).filter((name) => name.startsWith('changed'))).toEqual([]);
});

test('a folder that cannot be made is one sentence', async () => {
  await data.write({ 'a-file': 'x' });
  const below = { path: 'gsm8k', dataDirectory: path.join(data.folder, 'a-file') };
  answer = Buffer.from(row('a'));
  await expect(fetchData(published('train.jsonl', answer), below, quiet)).rejects.toThrow(
    /a-file\/gsm8k cannot be written \(ENOTDIR\)\. Get http/,
  );
});

test('of MATH a failed download says that its address was taken down, and where to read on', async () => {
  answer = Buffer.from('gone');
  const { files } = published('MATH.tar', Buffer.from('another'));
  const math = { ...publicData.find(({ kind }) => kind === 'math')!, files };
  await expect(fetchData(math, target('math-gone'), quiet)).rejects.toThrow(
    /taken down since January 2025.*docs\/tasks\.md/,
  );
  expect(overview(data.folder)).toContain('taken down since January 2025');
});

test('an archive is unpacked without its outermost folder', async () => {
  await data.write({ 'source/MATH/train/algebra/1.json': '{}' });
  execFileSync('tar', ['-cf', path.join(data.folder, 'MATH.tar'), '-C', path.join(data.folder, 'source'), 'MATH']);
  answer = await readFile(path.join(data.folder, 'MATH.tar'));
  await fetchData(published('MATH.tar', answer), target('MATH'), quiet);
  expect(await readdir(path.join(data.folder, 'MATH'))).toEqual(['train']);
});

test('an address that cannot be reached says where to get the data and which files are expected', async () => {
  const [file] = published('train.jsonl', Buffer.from('')).files;
  const gone = { ...publicData[0]!, files: [{ ...file!, url: 'http://127.0.0.1:9/train.jsonl' }] };
  await expect(fetchData(gone, target('gone'), quiet)).rejects.toThrow(/not reachable.*put into .*gone: train\.jsonl/);
});

test('a check counts splits, repetitions and what is in both, and names the licence', async () => {
  await data.write({ 'gsm/train.jsonl': row('a') + row('b') + row('B '), 'gsm/test.jsonl': row('a') + row('c') });
  const settings = taskSchema.parse({ kind: 'gsm8k', path: 'gsm' }) as FileSettings;
  const check = checkData(await loadProblems(gsm8k, settings, { dataDirectory: data.folder }), publicData[0]);
  expect(check).toMatchObject({ train: 1, eval: 2, duplicates: 1, inBoth: 1, licence: 'MIT' });
  expect(checkTable(check)).toMatch(
    /1 different problems to train from, 2 to evaluate on[\s\S]*1 training problems are among/,
  );
});

test('the overview says of every task what it needs and how to get it', () => {
  const text = overview(data.folder);
  for (const kind of ['arithmetic', 'gsm8k', 'math', 'mmlu', 'jsonl', 'module'])
    expect(text).toMatch(new RegExp(`^${kind}$`, 'm'));
  expect(text).toMatch(/maft data --task mmlu --fetch downloads 166 MB/);
});

test.each([
  [['--path', 'x'], /--task: missing/],
  [['--task', 'jsonl'], /--path: missing/],
  [['--task', 'jsonl', '--path', 'x'], /--answer-type: missing/],
  [['--task', 'jsonl', '--path', 'x', '--answer-type', 'text', '--fetch'], /your own data are published nowhere/],
])('options that say too little are refused: %j', async (options, message) => {
  await expect(buildProgram(['data']).parseAsync(['data', ...options], { from: 'user' })).rejects.toThrow(message);
});
