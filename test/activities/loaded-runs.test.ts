/** What a worker remembers of a run is true of the run that has its id now. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import { LoadedRuns } from '../../activities/loaded-runs';
import { programOf } from '../../activities/run-tasks';
import type { RunTasks } from '../../src/tasks';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed } from '../../src/artifacts/sealed';
import { digestOf } from '../../src/domain/digests';
import { runKeys } from '../../src/domain/keys';
import { resolveSpecification } from '../../src/specification';

const root = mkdtempSync(path.join(tmpdir(), 'maft-run-context-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a record is read once by its digest, and another one under the same id is refused', async () => {
  const store = new FileArtifactStore(root);
  const read = jest.spyOn(store, 'read');
  const task = { promptTask: 'arithmetic', equal: () => true };
  const machine = { program: () => ({}) };
  const dependencies = { store, machine, task: () => task } as unknown as ActivityDependencies;
  const { specification } = resolveSpecification({ task: { kind: 'arithmetic' }, model: { base: 'any' } });
  const program = programOf(specification, { train: task, eval: task } as unknown as RunTasks, dependencies);
  const begin = (createdAt: string) =>
    publishSealed(store, runKeys.record('demo'), { runId: 'demo', specification, program, createdAt });
  const loadedRuns = new LoadedRuns(dependencies);
  const createdAt = async (recordDigest?: string) =>
    (await loadedRuns.run({ runId: 'demo', recordDigest })).record.createdAt;
  const first = digestOf((await begin('first')).content);
  expect(await Promise.all([createdAt(first), createdAt(first), createdAt(first)])).toEqual(Array(3).fill('first'));
  expect(await createdAt(first)).toBe('first');
  expect(read).toHaveBeenCalledTimes(1);
  rmSync(path.join(root, 'runs', 'demo'), { recursive: true });
  const second = digestOf((await begin('second')).content);
  // Inputs of older histories name no digest, and get what is stored now.
  expect([await createdAt(second), await createdAt()]).toEqual(['second', 'second']);
  await expect(new LoadedRuns(dependencies).run({ runId: 'demo', recordDigest: first })).rejects.toThrow(
    /^runs\/demo\/run\.json: is of a run that was begun anew under this id/,
  );
});
