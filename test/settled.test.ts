import { allSettledOrFailed } from '../src/settled';

const later = <Value>(value: Value) => new Promise<Value>((resolve) => setTimeout(() => resolve(value), 20));

test('results come in order', async () => {
  expect(await allSettledOrFailed([later(1), Promise.resolve(2)])).toEqual([1, 2]);
});

test('a failure is told once all the others have ended', async () => {
  let hasEnded = false;
  const other = later('late').then(() => (hasEnded = true));
  await expect(allSettledOrFailed([Promise.reject(new Error('first')), other])).rejects.toThrow('first');
  expect(hasEnded).toBe(true);
});
