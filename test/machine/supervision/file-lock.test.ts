import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeDirectory } from '../../../src/machine/paths';
import { tryLock } from '../../../src/machine/supervision/file-lock';
import { choosePorts } from '../../../src/machine/supervision/ports';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maft-lock-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the lock of a process that is gone is taken over, that of a living one is not', () => {
  const file = join(folder, 'a.lock');
  writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, startTime: 'gone' }));
  const first = tryLock(file);
  expect(first).toHaveProperty('lock');
  expect(tryLock(file)).toMatchObject({ owner: { pid: process.pid } });
});

test.each([
  ['a link that leads nowhere', (file: string) => symlinkSync('nowhere', file)],
  ['a folder', (file: string) => mkdirSync(file)],
])('%s in its place ends the attempt with a sentence instead of a loop', (_what, put) => {
  const file = join(folder, 'b.lock');
  put(file);
  expect(() => tryLock(file)).toThrow(/b\.lock cannot be made a lock: remove what is there|EISDIR/);
});

test('ports are chosen, unreserved, where the place of reservations cannot be used', async () => {
  const before = process.env.XDG_RUNTIME_DIR;
  process.env.XDG_RUNTIME_DIR = join(folder, 'taken');
  writeFileSync(join(folder, 'taken'), 'a file where a folder belongs');
  try {
    const { ports, release } = await choosePorts({});
    release();
    expect(new Set(Object.values(ports)).size).toBe(3);
  } finally {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
  }
});

test('what processes of one user share is never in a folder that everybody may write to', () => {
  expect(runtimeDirectory({ XDG_RUNTIME_DIR: '/run/user/1000' })).toBe('/run/user/1000/multiagent-finetuning');
  expect(runtimeDirectory({ XDG_CACHE_HOME: '/home/me/.cache' })).toBe('/home/me/.cache/multiagent-finetuning/run');
});
