import { bestIteration, lastEpochLoss, meanLoss, reasonToStop, validationProblems } from '../../src/domain/stopping';

const strict = { improvement: 0, patience: 1 };
const stalls = (settings: typeof strict, losses: (number | null)[]) =>
  reasonToStop({ signal: 'loss', ...settings }, { losses }) !== undefined;

test.each<[(number | null)[], boolean]>([
  [[], false],
  [[1], false],
  [[1, 0.9], false],
  [[1, 1], true],
  [[1, 0.5, 0.6], true],
  [[1, null], true],
  [[null], true],
])('losses %j with no patience: stalled is %j', (losses, stalled) => expect(stalls(strict, losses)).toBe(stalled));

test('an improvement below the least one asked for is none', () => {
  expect(stalls({ improvement: 0.1, patience: 1 }, [1, 0.95])).toBe(true);
  expect(stalls({ improvement: 0.1, patience: 1 }, [1, 0.85])).toBe(false);
  // A loss has to fall by more than the share asked for.
  expect(stalls({ improvement: 0.25, patience: 1 }, [1, 0.75])).toBe(true);
});

test('patience counts iterations in a row against the best so far', () => {
  const patient = { improvement: 0, patience: 2 };
  expect(stalls(patient, [1, 0.5, 0.7])).toBe(false);
  expect(stalls(patient, [1, 0.5, 0.7, 0.6])).toBe(true);
  expect(stalls(patient, [1, 0.5, 0.7, 0.4])).toBe(false);
});

test('nothing stops a run that is not asked to stop, nor one that has not trained yet', () => {
  expect(reasonToStop({ signal: 'never', ...strict }, { losses: [1, 1], validation: [1, 1] })).toBeUndefined();
  expect(reasonToStop({ signal: 'loss', ...strict }, {})).toBeUndefined();
  expect(reasonToStop(undefined, { losses: [1, 1] })).toBeUndefined();
});

test('the reason names the iteration and the losses', () =>
  expect(reasonToStop({ signal: 'loss', ...strict }, { losses: [0.5, null] })).toBe(
    'stopped after iteration 2: the training loss no longer falls (0.5000, nothing trained)',
  ));

test('the loss of a training is the mean of its last epoch, that of an iteration the mean over its agents', () => {
  const lossCurve = [4, 3, 2, 1].map((loss, index) => ({ step: index + 1, loss }));
  expect(lastEpochLoss({ lossCurve }, 2)).toBe(1.5);
  expect(lastEpochLoss({ lossCurve }, 0.5)).toBe(2.5);
  expect(lastEpochLoss({ lossCurve }, 3)).toBe(1.5);
  expect(lastEpochLoss({ lossCurve }, 100)).toBe(1);
  expect(lastEpochLoss({ lossCurve: [] }, 2)).toBeNull();
  expect(meanLoss([1, null, undefined, 2])).toBe(1.5);
});

describe('a plateau', () => {
  const plateau = { signal: 'plateau' as const, improvement: 0.01, patience: 1 };
  test.each<[number[], boolean]>([
    [[0.6], false],
    [[0.6, 0.7], false],
    [[0.6, 0.605], true],
    // What is exactly the improvement on paper is a little less in the machine.
    [[0.05, 0.06], false],
    [[0.6, 0.7, 0.7], true],
    [[0.6, 0.7, 0.69, 0.75], false],
    [[0.6, 0.5], true],
  ])('of accuracies %j: stops is %j', (validation, stops) =>
    expect(reasonToStop(plateau, { validation }) !== undefined).toBe(stops),
  );

  test('is no improvement on the best, not on the iteration before', () => {
    const patient = { ...plateau, patience: 2 };
    expect(reasonToStop(patient, { validation: [0.6, 0.7, 0.5] })).toBeUndefined();
    expect(reasonToStop(patient, { validation: [0.6, 0.7, 0.5, 0.65] })).toBe(
      'stopped after iteration 3: accuracy on the validation split no longer rises (60.0 %, 70.0 %, 50.0 %, 65.0 %)',
    );
  });

  test('of exactly equal values is one whatever improvement is asked for', () =>
    expect(reasonToStop({ ...plateau, improvement: 0 }, { validation: [0.6, 0.6] })).toBeDefined());

  test('alone has validation problems', () => {
    expect(validationProblems({ ...plateau, validation: 50 })).toBe(50);
    expect(validationProblems({ ...plateau, signal: 'loss', validation: 50 })).toBe(0);
  });
});

test('the best iteration is the earliest of equals', () => {
  expect(bestIteration([0.6, 0.8, 0.8, 0.7])).toBe(1);
  expect(bestIteration([])).toBeUndefined();
});
