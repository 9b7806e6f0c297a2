/** When a run ends before its last iteration: what it watches has stopped improving (method.md, Methods: STaR; plateau). */
import type { FinetuningSettings, StopSettings } from '../contract/specification';
import type { WeightsRecord } from '../contract/training-job';
import { roleSettings } from './role-settings';
import { reaches, mean } from './statistics';

/** What a run knows of its own course; the newest value is the last of its list. */
export interface Course {
  /** Mean training loss of iterations 1, 2, …; `null` if nothing was trained. */
  losses?: readonly (number | null)[] | undefined;
  /** Accuracy (0..1) on the validation split of iterations 0, 1, … */
  validation?: readonly number[] | undefined;
}

/** Why a run ends early, as a sentence; undefined if it goes on. */
export function reasonToStop(
  stop: Omit<StopSettings, 'validation'> | undefined,
  { losses = [], validation = [] }: Course,
): string | undefined {
  if (stop?.signal === 'loss' && losses.length > 0 && hasStalled(stop, losses, lowerLoss)) {
    const shown = losses.map((loss) => (loss === null ? 'nothing trained' : loss.toFixed(4))).join(', ');
    return `stopped after iteration ${losses.length}: the training loss no longer falls (${shown})`;
  }
  // The first value is the untuned society's: before any training, nothing can have stalled.
  if (stop?.signal === 'plateau' && validation.length > 1 && hasStalled(stop, validation, higherAccuracy)) {
    const shown = validation.map((accuracy) => `${(100 * accuracy).toFixed(1)} %`).join(', ');
    return `stopped after iteration ${validation.length - 1}: accuracy on the validation split no longer rises (${shown})`;
  }
  return undefined;
}

/** Whether a value is an improvement on the best so far. */
type Improves = (value: number, best: number, improvement: number) => boolean;

const lowerLoss: Improves = (value, best, improvement) => value < best * (1 - improvement);
const higherAccuracy: Improves = (value, best, improvement) => value > best && reaches(value - best, improvement);

/**
 * Whether the last `patience` values in a row were no improvement on the best before them. A value that is missing
 * (nothing was trained) is no improvement.
 */
function hasStalled(
  { improvement, patience }: Pick<StopSettings, 'improvement' | 'patience'>,
  values: readonly (number | null)[],
  improves: Improves,
): boolean {
  let best: number | undefined;
  let without = 0;
  for (const value of values) {
    const isBetter = value !== null && (best === undefined || improves(value, best, improvement));
    without = isBetter ? 0 : without + 1;
    if (isBetter) best = value;
  }
  return without >= patience;
}

/** Problems of the validation split that a run needs; 0 if nothing is judged by them. */
export function validationProblems({ signal, validation }: StopSettings): number {
  return signal === 'plateau' ? validation : 0;
}

/** The iteration with the highest accuracy, the earliest of equals; undefined without any. */
export function bestIteration(accuracy: readonly number[]): number | undefined {
  return accuracy.length === 0 ? undefined : accuracy.indexOf(Math.max(...accuracy));
}

type Training = Pick<NonNullable<WeightsRecord['training']>, 'lossCurve'>;

/** Mean loss over the steps of the last epoch: where the training ended, without the noise of a single batch. */
export function lastEpochLoss({ lossCurve }: Training, epochs: number): number | null {
  const steps = Math.max(1, Math.ceil(lossCurve.length / Math.max(1, epochs)));
  return meanOrNull(lossCurve.slice(-steps).map(({ loss }) => loss));
}

/** Mean over the agents that were trained; `null` if none was. */
export function meanLoss(losses: readonly (number | null | undefined)[]): number | null {
  return meanOrNull(losses.filter((loss) => typeof loss === 'number'));
}

/** The loss of one iteration from its weights records, as the workflow sums it up while it runs. */
export function iterationLoss(finetuning: FinetuningSettings, weights: readonly WeightsRecord[]): number | null {
  const lossOf = ({ agent, training }: WeightsRecord) =>
    training && lastEpochLoss(training, roleSettings(finetuning, agent).epochs);
  return meanLoss(weights.map(lossOf));
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}
