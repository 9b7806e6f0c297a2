/** JSON lines as artifacts, also where the power fails between two attempts at writing them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { formatLines, publishLines } from '../../src/artifacts/lines';
import { ArtifactError } from '../../src/errors';

const key = 'runs/a/problems/train.jsonl';
const lines = [{ id: 'one' }, { id: 'two' }];
let folder: string;
let store: FileArtifactStore;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'maft-lines-'));
  store = new FileArtifactStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

test('a second attempt finds its own lines, and puts others beside those of a first', async () => {
  const first = await publishLines(store, key, lines);
  expect(await publishLines(store, key, lines)).toEqual(first);
  const others = await publishLines(store, key, [{ id: 'three' }]);
  expect(others.key).not.toBe(key);
  expect(await readFile(path.join(folder, others.key), 'utf8')).toBe(formatLines([{ id: 'three' }]));
});

test('lines that were torn beside a torn file are named, not referred to', async () => {
  const torn = '{"id":"on';
  await publishLines(store, key, [{ id: 'another attempt' }]);
  const { key: beside } = await publishLines(store, key, lines);
  await rm(path.join(folder, beside), { force: true });
  await writeFile(path.join(folder, beside), torn);
  const again = publishLines(store, key, lines);
  await expect(again).rejects.toThrow(ArtifactError);
  await expect(again).rejects.toThrow(`${beside}: is corrupt`);
});
