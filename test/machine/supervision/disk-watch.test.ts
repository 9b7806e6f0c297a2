/** What is said and paused as a disk runs out; its free space is told, and read from a small real disk at the end. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunProgress } from '../../../src/contract/run';
import { pauseRunsOfServer } from '../../../src/machine/open-workflows';
import { DiskWatch, freeSpace, lowDisks, type DiskWatchOptions } from '../../../src/machine/supervision/disk-watch';
import { createNamespace, until } from '../../support/namespace';
import { plainActivities, plainPlan } from '../../support/plain-activities';
import { testServerAddress } from '../../support/temporal-server';

const gigabyte = 1e9;

/** A watch over `/home` on a disk of 100 GB, whose free space the test sets. */
function watched(changes: Partial<DiskWatchOptions> = {}) {
  const disk = { freeBytes: 50 * gigabyte, totalBytes: 100 * gigabyte };
  const said: string[] = [];
  const asked: { reason: string; known: string[] }[] = [];
  const open = ['maft/a'];
  const watch = new DiskWatch({
    folders: ['/home', '/home', 's3://bucket'],
    marginBytes: undefined,
    free: async (folder) => ({ folder, ...disk }),
    say: (line) => said.push(line),
    pause: async (reason, known) => {
      asked.push({ reason, known: [...known] });
      return open.filter((workflowId) => !known.has(workflowId));
    },
    ...changes,
  });
  return { watch, disk, said, asked, open };
}

test('a disk below its margin is said once, runs are paused once with the reason, and enough space is said once', async () => {
  const { watch, disk, said, asked, open } = watched();
  await watch.check();
  expect([said, asked]).toEqual([[], []]);
  disk.freeBytes = 0.7 * gigabyte;
  await watch.check();
  const sentence = 'disk: 700 MB free in /home, below the margin of 1.0 GB; free some space';
  expect(said).toEqual([sentence, 'paused while the disk takes it: maft/a']);
  expect(asked).toEqual([{ reason: `${sentence}, then resume`, known: [] }]);
  await watch.check();
  expect(asked.at(-1)?.known).toEqual(['maft/a']);
  expect(said).toHaveLength(2);
  open.push('maft/begun-later');
  await watch.check();
  expect(said.slice(2)).toEqual(['paused while the disk takes it: maft/begun-later']);
  disk.freeBytes = 9 * gigabyte;
  await watch.check();
  await watch.check();
  expect(said.slice(3)).toEqual([
    'disk: 9.0 GB free in /home, enough again; resume what was paused: maft/a, maft/begun-later',
  ]);
  disk.freeBytes = 0;
  await watch.check();
  expect(asked.at(-1)?.known).toEqual([]);
});

test('on the edge of the margin nothing is paused a second time', async () => {
  const { watch, disk, said, asked } = watched();
  for (const free of [0.99, 1.01, 0.99, 1.2, 0.99]) {
    disk.freeBytes = free * gigabyte;
    await watch.check();
  }
  expect(said).toHaveLength(2);
  expect(asked.map(({ known }) => known)).toEqual([[], ['maft/a'], ['maft/a']]);
});

test('the margin is 2 % of a small disk, or what config.yaml says', async () => {
  const free = async (folder: string) => ({ folder, freeBytes: 0.15 * gigabyte, totalBytes: 8 * gigabyte });
  const low = (marginBytes?: number) => lowDisks({ folders: ['/home'], marginBytes, free });
  expect(await low()).toEqual(['disk: 150 MB free in /home, below the margin of 160 MB; free some space']);
  expect(await low(0.1 * gigabyte)).toEqual([]);
  expect(await low(0)).toEqual([]);
});

test('a file system that does not say what is free is never low', async () => {
  const silent = async (folder: string) => ({ folder, freeBytes: 0, totalBytes: 0 });
  const failing = () => Promise.reject(new Error('EIO'));
  for (const free of [silent, failing])
    expect(await lowDisks({ folders: ['/home'], marginBytes: undefined, free })).toEqual([]);
});

test('on somebody’s own Temporal server nothing is paused, and the line is said', async () => {
  const { watch, disk, said } = watched({ pause: undefined });
  disk.freeBytes = 1;
  await watch.check();
  expect(said).toEqual([expect.stringContaining('free some space')]);
});

test('a server that cannot be asked is asked again, and said once', async () => {
  let answers = false;
  const pause = async () => {
    if (!answers) throw new Error('no Temporal server answers');
    return ['maft/a'];
  };
  const { watch, disk, said } = watched({ pause });
  disk.freeBytes = 1;
  await watch.check();
  await watch.check();
  answers = true;
  await watch.check();
  expect(said.slice(1)).toEqual([
    'open runs could not be paused, tried again until they are: no Temporal server answers',
    'paused while the disk takes it: maft/a',
  ]);
});

test('a real run pauses with the sentence, is not paused again when people resume it, and ends', async () => {
  const namespace = await createNamespace();
  const plan = plainPlan();
  const free = { now: false };
  const takeTurn = async () => {
    await until(() => free.now, 'the test lets the run go on');
    return { answer: '1', counts: { calls: 1, promptTokens: 1, completionTokens: 1 } };
  };
  const workers = await namespace.serve(plainActivities(plan, { takeTurn }));
  const server = { address: testServerAddress(), namespace: namespace.name };
  const { watch, disk, said } = watched({ pause: (...asked) => pauseRunsOfServer(server, ...asked) });
  try {
    const workflowId = `maft/${plan.runId}`;
    const handle = await namespace.client.workflow.start('multiagentFinetuning', {
      workflowId,
      taskQueue: 'maft',
      args: [{}],
    });
    const progress = () => handle.query<RunProgress>('progress');
    disk.freeBytes = 0.7 * gigabyte;
    await until(async () => {
      await watch.check();
      return said.includes(`paused while the disk takes it: ${workflowId}`);
    }, 'the run is listed and paused');
    await until(async () => (await progress()).paused, 'the run pauses');
    expect((await progress()).pauseReason).toBe(
      'disk: 700 MB free in /home, below the margin of 1.0 GB; free some space, then resume',
    );
    free.now = true;
    await handle.signal('resume');
    await watch.check();
    await handle.result();
    expect(said).toHaveLength(2);
  } finally {
    workers.shutdown();
    await workers.finished;
    await namespace.close();
  }
});

test('a folder that is not made yet is on the file system it will be made on', async () => {
  const missing = path.join(tmpdir(), 'not', 'made', 'yet');
  const [there, later] = [await freeSpace(tmpdir()), await freeSpace(missing)];
  expect(later).toMatchObject({ folder: missing, totalBytes: there.totalBytes });
});

const isMountable = process.platform === 'linux' && process.getuid?.() === 0;
if (!isMountable) console.warn('the test of a small real disk was skipped: mounting a tmpfs needs root on Linux');
(isMountable ? test : test.skip)(
  'a small real disk is low once it is filled, and has enough once it is not',
  async () => {
    const disk = mkdtempSync(path.join(tmpdir(), 'maft-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      const low = () => lowDisks({ folders: [path.join(disk, '.maft')], marginBytes: 100_000 });
      expect(await low()).toEqual([]);
      writeFileSync(path.join(disk, 'ballast'), Buffer.alloc(1_000_000));
      expect(await low()).toEqual([
        expect.stringMatching(/^disk: \d+ kB free in .*\.maft, below the margin of 100 kB/),
      ]);
      rmSync(path.join(disk, 'ballast'));
      expect(await low()).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  },
);
