/** How far a run has come, as its artifacts tell. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed } from '../../src/artifacts/sealed';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { nextRun } from '../../src/runs/start-run';

const root = mkdtempSync(path.join(tmpdir(), 'maft-standing-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a run that was cut off while its last society was measured is gone on with', async () => {
  const store = new FileArtifactStore(root);
  const place = { runId: 'demo', iteration: 0 };
  const plan = { runId: 'demo', iterations: 0, trainedAgents: [], scoring: [] };
  await publishSealed(store, runKeys.record('demo'), { runId: 'demo', plan, specificationDigest: 'd' });
  await publishSealed(store, iterationKeys.evaluation(place), {});
  expect(await nextRun(store, 'demo', () => 'd')).toEqual({ runId: 'demo', standing: 'unfinished' });
  await publishSealed(store, iterationKeys.measures(place), {});
  expect(await nextRun(store, 'demo', () => 'd')).toEqual({ runId: 'demo-2', standing: 'new' });
});

test('a run of a version that measured nothing is finished without measures', async () => {
  const store = new FileArtifactStore(root);
  const plan = { runId: 'old', iterations: 0, trainedAgents: [] };
  await publishSealed(store, runKeys.record('old'), { runId: 'old', plan, specificationDigest: 'd' });
  await publishSealed(store, iterationKeys.evaluation({ runId: 'old', iteration: 0 }), {});
  expect(await nextRun(store, 'old', () => 'd')).toEqual({ runId: 'old-2', standing: 'new' });
});
