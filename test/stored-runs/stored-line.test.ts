/** Lines in a store on disk, and two real processes that race for one version. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import type { LineVersion } from '../../src/contract/line';
import { normalisedText } from '../../src/domain/normalised-text';
import { repositoryRoot } from '../../src/machine/paths';
import { StoredLine, findLine } from '../../src/stored-runs/stored-line';
import { publishSealed } from '../../src/artifacts/sealed';
import { lineKeys } from '../../src/domain/keys';

const folder = mkdtempSync(join(tmpdir(), 'maft-lines-'));
const store = new FileArtifactStore(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const promotion = { gate: 'better', margin: 0.02, guards: true, approveWithin: '24h', otherwise: 'reject' } as const;
const versionOf = (society: string, parent: number | null): Omit<LineVersion, 'number'> => ({
  ...{ society, parent, run: null, evidence: null, decision: 'by hand', by: society, why: '', at: '2026-11-30' },
});

async function newLine(name: string): Promise<StoredLine> {
  const record = { name, fixed: {}, seed: 0, minimumProblems: 1, promotion, by: 'ada', createdAt: '2026-11-30' };
  await publishSealed(store, lineKeys.record(name), record);
  const line = new StoredLine(store, record);
  await line.append(versionOf('base', null));
  return line;
}

/** Reads the current version, says so, and makes its own society current when it is told to. */
const promoter = `
const { FileArtifactStore } = require('./dist/src/artifacts/file-store.js');
const { findLine } = require('./dist/src/stored-runs/stored-line.js');
const [folder, society] = process.argv.slice(1);
(async () => {
  const line = await findLine(new FileArtifactStore(folder), 'raced');
  const { number: parent } = await line.current();
  process.stdout.write('ready');
  await new Promise((go) => process.stdin.once('data', go));
  const version = { society, parent, run: null, evidence: null, decision: 'by hand', by: society, why: '', at: 'now' };
  await line.append(version).then(({ number }) => console.log('won ' + number), ({ message }) => console.log(message));
  process.exit();
})();`;

async function startPromoter(society: string) {
  const child = spawn(process.execPath, ['-e', promoter, folder, society], { cwd: repositoryRoot() });
  await once(child.stdout, 'data');
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  return {
    go: async () => {
      child.stdin.write('go');
      await once(child, 'close');
      return said.trim();
    },
  };
}

test('of two processes that promote at once one wins, and the other is told who did', async () => {
  await newLine('raced');
  const [a, b] = await Promise.all([startPromoter('monday@1'), startPromoter('tuesday@1')]);
  const said = await Promise.all([a.go(), b.go()]);
  const versions = await (await findLine(store, 'raced')).versions();
  expect(versions).toHaveLength(2);
  const winner = versions[1]!.society;
  const loser = said[winner === 'monday@1' ? 1 : 0];
  expect(said).toContain('won 2');
  expect(loser).toContain(`line "raced": version 2 (${winner}, by hand) was made current first, by ${winner} at now`);
});

test('a run has one look at a held-out set, however often it asks', async () => {
  const line = await newLine('looked');
  const looks = await Promise.all(['a', 'b', 'a', 'c'].map((run) => line.lookOf(run, { heldOut: 1, at: '' })));
  expect(looks[0]).toBe(looks[2]);
  expect([...new Set(looks)].sort()).toEqual([1, 2, 3]);
  expect(await line.lookOf('c', { heldOut: 1, at: '' })).toBe(looks[3]);
  expect(await line.lookOf('c', { heldOut: 2, at: '' })).toBe(1);
});

test.each([
  ['version', lineKeys.version('gap-version', 2)],
  ['look', lineKeys.look('gap-look', { heldOut: 1, look: 2 })],
])('a %s that is lost below a later one is named, and nothing is written in its place', async (what, key) => {
  const line = await newLine(`gap-${what}`);
  for (const number of [1, 2, 3]) {
    await line.append(versionOf(`run-${number}@1`, number));
    await line.lookOf(`run-${number}`, { heldOut: 1, at: '' });
  }
  rmSync(join(folder, key));
  const next = what === 'version' ? line.current() : line.lookOf('run-4', { heldOut: 1, at: '' });
  await expect(next).rejects.toThrow(/is missing from the store\. Restore it from a copy: nothing else/);
  expect(await store.list(posix.dirname(key))).not.toContain(key);
});

test('what was used or held out is taken, whatever its case and spacing', async () => {
  const line = await newLine('used');
  const problems = [{ id: 'h', question: 'What is  2+2?', answer: '4' }];
  await line.addHeldOut({ problems, labelled: true }, { number: 1, sources: [], by: 'ada', why: '', at: '' });
  const first = await line.recordUsed('night', [{ id: 'u', digest: 'd1' }]);
  expect(await line.recordUsed('night', [{ id: 'other', digest: 'd2' }])).toEqual(first);
  const taken = await line.taken();
  expect(taken.size).toBe(2);
  expect(taken.has(normalisedText('what IS 2+2?'))).toBe(true);
  expect(taken.has(normalisedText('what is 2+3?'))).toBe(false);
  expect(await line.heldOutProblems(await line.newestHeldOut())).toEqual(problems);
});

test('a line that does not exist is refused with those that do', async () => {
  await newLine('maths');
  await expect(findLine(store, 'math')).rejects.toThrow(
    /^line: "math" names no line .*did you mean "maths"\? \(lines: /,
  );
});
