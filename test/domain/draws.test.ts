import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { drawKey, orderByDraw, samplingSeed, trainingSeed } from '../../src/domain/draws';

const call = { seed: 7, iteration: 2, split: 'train', problemId: 'arithmetic-000017', round: 1, agent: 'generation-1' };

test('a draw is the SHA-256 of its string, in hex', () =>
  expect(drawKey('tie/0/1/p/36')).toBe(createHash('sha256').update('tie/0/1/p/36').digest('hex')));

test('16. shuffles are seeded: the order of the candidates does not matter, their strings alone do', () =>
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), (candidates) => {
      const order = orderByDraw(candidates, (candidate) => `tie/0/${candidate}`);
      expect(orderByDraw([...candidates].reverse(), (candidate) => `tie/0/${candidate}`)).toEqual(order);
      expect(order.map((candidate) => drawKey(`tie/0/${candidate}`))).toEqual(
        candidates.map((candidate) => drawKey(`tie/0/${candidate}`)).sort(),
      );
    }),
  ));

test('another seed gives another order', () => {
  const candidates = Array.from({ length: 20 }, (_, index) => String(index));
  const order = (seed: number) => orderByDraw(candidates, (candidate) => `mixing/${seed}/${candidate}`);
  expect(order(0)).not.toEqual(order(1));
});

test('a sampling seed is the first 31 bits of the digest of the call', () => {
  const digest = createHash('sha256').update('response/7/2/train/arithmetic-000017/1/generation-1').digest();
  expect(samplingSeed({ kind: 'response', ...call })).toBe(digest.readUInt32BE(0) >>> 1);
});

test('every part of a call changes its sampling seed', () => {
  const seeds = [
    samplingSeed({ kind: 'response', ...call }),
    samplingSeed({ kind: 'summary', ...call }),
    samplingSeed({ kind: 'response', ...call, seed: 8 }),
    samplingSeed({ kind: 'response', ...call, iteration: 3 }),
    samplingSeed({ kind: 'response', ...call, split: 'eval' }),
    samplingSeed({ kind: 'response', ...call, problemId: 'arithmetic-000018' }),
    samplingSeed({ kind: 'response', ...call, round: 2 }),
    samplingSeed({ kind: 'response', ...call, agent: 'generation-2' }),
  ];
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)).toBe(true);
});

test('a training seed is the first 31 bits of the digest of run, iteration and agent', () => {
  const digest = createHash('sha256').update('training/7/2/critic-1').digest();
  expect(trainingSeed({ seed: 7, iteration: 2, agent: 'critic-1' })).toBe(digest.readUInt32BE(0) >>> 1);
});

test('every part of a training changes its seed', () => {
  const training = { seed: 7, iteration: 2, agent: 'critic-1' };
  const changes = [{}, { seed: 8 }, { iteration: 3 }, { agent: 'critic-2' }, { agent: 'generation-1' }];
  expect(new Set(changes.map((change) => trainingSeed({ ...training, ...change }))).size).toBe(changes.length);
});

test('candidates whose strings are the same keep their order', () => {
  const candidates = Array.from({ length: 20 }, (_, index) => index);
  expect(orderByDraw(candidates, () => 'one string')).toEqual(candidates);
});
