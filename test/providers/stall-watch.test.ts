import type { TrainingEvent } from '../../src/contract/training-job';
import { StallWatch } from '../../src/providers/stall-watch';

const limits = { timesSlowestStep: 20, leastMs: 60_000, quietMs: 1_800_000 };
const step = (number: number, steps = 100): TrainingEvent => ({
  event: 'step',
  step: number,
  steps,
  loss: 1,
  learningRate: 1,
  tokens: 1,
  seconds: 1,
});

/** Milliseconds after the last event until the trainer is given up; each event comes so long after the one before. */
function allowance(events: [number, TrainingEvent][]): number {
  jest.useFakeTimers({ now: 0 });
  let stalled: number | undefined;
  const watch = new StallWatch(limits, () => (stalled = performance.now()));
  for (const [after, event] of events) {
    jest.advanceTimersByTime(after);
    watch.hear(event);
  }
  const last = performance.now();
  expect(stalled).toBeUndefined();
  jest.advanceTimersByTime(10_000_000);
  jest.useRealTimers();
  return stalled! - last - 1_000;
}

const started: TrainingEvent = { event: 'checkpoint', step: 0 };

test('a trainer is given up in proportion to its own steps, and never before a minute', () => {
  expect(allowance([[0, started], [500, step(1)], [500, step(2)]])).toBe(60_000); // prettier-ignore
  expect(allowance([[0, started], [9_000, step(1)], [100, step(2)]])).toBe(180_000); // prettier-ignore
});

test('loading, checkpoints and publishing have no pace', () => {
  expect(allowance([])).toBe(1_800_000);
  expect(allowance([[0, started], [500, step(1)], [10, { event: 'saving', step: 1 }]])).toBe(1_800_000); // prettier-ignore
  expect(allowance([[0, started], [500, step(1)], [10, { event: 'saving', step: 1 }], [9e5, { event: 'checkpoint', step: 1 }]])).toBe(60_000); // prettier-ignore
  expect(
    allowance([
      [0, started],
      [500, step(100)],
    ]),
  ).toBe(1_800_000);
});

test('events that arrived while this process stood still count', () => {
  jest.useFakeTimers({ now: 0 });
  const stalled = jest.fn();
  const watch = new StallWatch(limits, stalled);
  watch.hear(started);
  watch.hear(step(1));
  jest.advanceTimersByTime(60_000);
  watch.hear(step(2));
  jest.advanceTimersByTime(59_000);
  expect(stalled).not.toHaveBeenCalled();
  watch.end();
  jest.useRealTimers();
});
