/** How long trainings hold a device is known whatever dies, and is never more than they may. */
import { readAttempts } from '../../src/artifacts/training-attempts';
import { notedAttempt, secondsHeld } from '../../activities/training-attempts';
import { MemoryArtifactStore } from '../support/memory-store';

const key = 'runs/run/iteration-1/weights/critic-1.attempts.jsonl';
const signal = new AbortController().signal;
const untilStopped = (stop: AbortSignal) =>
  new Promise<never>((_, reject) => stop.addEventListener('abort', () => reject(new Error('stopped at a checkpoint'))));

test('a training stops before it has used up what it was granted, and begins again only with more', async () => {
  const store = new MemoryArtifactStore();
  const train = (allowedSeconds: number) => notedAttempt(store, key, { train: untilStopped, signal, allowedSeconds });
  await expect(train(0.5)).rejects.toMatchObject({ name: 'AllowanceSpent' });
  expect(await readAttempts(store, key)).toMatchObject([{ isOpen: false }]);
  await store.append(key, '\n{"attempt":"killed","seconds":0}');
  // Killed somewhere before its next sign of life.
  expect(await secondsHeld(store, key)).toBeGreaterThanOrEqual(30);
  await expect(train(30)).rejects.toMatchObject({ name: 'AllowanceSpent' });
  expect(await readAttempts(store, key)).toHaveLength(2);
});

test('a training that fails says so itself', async () => {
  const store = new MemoryArtifactStore();
  const fail = () => Promise.reject(new Error('out of memory'));
  await expect(notedAttempt(store, key, { train: fail, signal, allowedSeconds: 60 })).rejects.toThrow('out of memory');
  expect(await readAttempts(store, key)).toMatchObject([{ isOpen: false }]);
});
