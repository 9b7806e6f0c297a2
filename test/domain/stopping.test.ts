import { hasStalled, lastEpochLoss, meanLoss, reasonToStop } from '../../src/domain/stopping';

const strict = { improvement: 0, patience: 1 };

test.each<[(number | null)[], boolean]>([
  [[], false],
  [[1], false],
  [[1, 0.9], false],
  [[1, 1], true],
  [[1, 0.5, 0.6], true],
  [[1, null], true],
  [[null], true],
])('losses %j with no patience: stalled is %j', (losses, stalled) =>
  expect(hasStalled(strict, losses)).toBe(losses.length > 0 && stalled),
);

test('an improvement below the least one asked for is none', () => {
  expect(hasStalled({ improvement: 0.1, patience: 1 }, [1, 0.95])).toBe(true);
  expect(hasStalled({ improvement: 0.1, patience: 1 }, [1, 0.85])).toBe(false);
});

test('patience counts iterations in a row against the best so far', () => {
  const patient = { improvement: 0, patience: 2 };
  expect(hasStalled(patient, [1, 0.5, 0.7])).toBe(false);
  expect(hasStalled(patient, [1, 0.5, 0.7, 0.6])).toBe(true);
  expect(hasStalled(patient, [1, 0.5, 0.7, 0.4])).toBe(false);
});

test('nothing stops a run that is not asked to stop, nor one that has not trained yet', () => {
  expect(reasonToStop({ signal: 'never', ...strict }, [1, 1])).toBeUndefined();
  expect(reasonToStop({ signal: 'loss', ...strict }, [])).toBeUndefined();
  expect(reasonToStop(undefined, [1, 1])).toBeUndefined();
});

test('the reason names the iteration and the losses', () =>
  expect(reasonToStop({ signal: 'loss', ...strict }, [0.5, null])).toBe(
    'stopped after iteration 2: the training loss no longer falls (0.5000, nothing trained)',
  ));

test('the loss of a training is the mean of its last epoch, that of an iteration the mean over its agents', () => {
  const lossCurve = [4, 3, 2, 1].map((loss, index) => ({ step: index + 1, loss }));
  expect(lastEpochLoss({ lossCurve }, 2)).toBe(1.5);
  expect(lastEpochLoss({ lossCurve }, 0.5)).toBe(2.5);
  expect(lastEpochLoss({ lossCurve: [] }, 2)).toBeNull();
  expect(meanLoss([1, null, undefined, 2])).toBe(1.5);
});
