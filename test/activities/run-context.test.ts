/** What a worker remembers of a run is true of the run that has its id now. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import { RunContexts } from '../../activities/run-context';
import { programOf } from '../../activities/run-tasks';
import type { RunTasks } from '../../src/tasks';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed } from '../../src/artifacts/sealed';
import { runKeys } from '../../src/domain/keys';
import { resolveSpecification } from '../../src/specification';

const root = mkdtempSync(path.join(tmpdir(), 'maft-run-context-'));
afterAll(() => rmSync(root, { recursive: true }));

test('all that ask side by side see a run that was deleted and begun anew', async () => {
  const store = new FileArtifactStore(root);
  const task = { promptTask: 'arithmetic', equal: () => true };
  const machine = { program: () => ({}) };
  const dependencies = { store, machine, task: () => task } as unknown as ActivityDependencies;
  const { specification } = resolveSpecification({ task: { kind: 'arithmetic' }, model: { base: 'any' } });
  const program = programOf(specification, { train: task, eval: task } as unknown as RunTasks, dependencies);
  const begin = (createdAt: string) =>
    publishSealed(store, runKeys.record('demo'), { runId: 'demo', specification, program, createdAt });
  const contexts = new RunContexts(dependencies);
  await begin('first');
  expect((await contexts.run('demo')).record.createdAt).toBe('first');
  rmSync(path.join(root, 'runs', 'demo'), { recursive: true });
  await begin('second');
  // A record is taken for the stored one for a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const seen = await Promise.all(['a', 'b', 'c'].map(() => contexts.run('demo')));
  expect(seen.map(({ record }) => record.createdAt)).toEqual(['second', 'second', 'second']);
});
