/** When a run ends before its last iteration: what it watches has stopped improving (method, section 5: STaR). */
import type { StopSettings } from '../contract/specification';
import type { WeightsRecord } from '../contract/training-job';

/**
 * Whether the last `patience` values in a row were no improvement on the best before them. Lower is better. A value that
 * is missing (nothing was trained) is no improvement.
 */
export function hasStalled(
  { improvement, patience }: Pick<StopSettings, 'improvement' | 'patience'>,
  values: readonly (number | null)[],
): boolean {
  let best: number | undefined;
  let without = 0;
  for (const value of values) {
    const improves = value !== null && (best === undefined || value < best * (1 - improvement));
    without = improves ? 0 : without + 1;
    if (improves) best = value;
  }
  return without >= patience;
}

/** The sentence a run ends early with; undefined where it goes on. `losses` of iterations 1, 2, … so far. */
export function reasonToStop(stop: StopSettings | undefined, losses: readonly (number | null)[]): string | undefined {
  if (stop === undefined || stop.signal === 'never' || losses.length === 0 || !hasStalled(stop, losses))
    return undefined;
  const shown = losses.map((loss) => (loss === null ? 'nothing trained' : loss.toFixed(4))).join(', ');
  return `stopped after iteration ${losses.length}: the training loss no longer falls (${shown})`;
}

type Training = Pick<NonNullable<WeightsRecord['training']>, 'lossCurve'>;

/** Mean loss over the steps of the last epoch: where the training ended, without the noise of a single batch. */
export function lastEpochLoss({ lossCurve }: Training, epochs: number): number | null {
  const steps = Math.max(1, Math.ceil(lossCurve.length / Math.max(1, epochs)));
  return mean(lossCurve.slice(-steps).map(({ loss }) => loss));
}

/** Mean over the agents that were trained; `null` where none was. */
export function meanLoss(losses: readonly (number | null | undefined)[]): number | null {
  return mean(losses.filter((loss) => typeof loss === 'number'));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
