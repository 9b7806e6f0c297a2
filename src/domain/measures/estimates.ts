/**
 * Means over problems with an interval. Every measure that needs one is a mean of ratios of sums: a plain mean over
 * problems is one ratio with denominators 1, a value per token has tokens as denominators, an average over pairs of agents
 * has a ratio per pair.
 */
import type { Estimate, NotMeasurable } from '../../contract/measures';

/** Sums by problem, in one order for all ratios of an estimate; a denominator of 0 marks a problem without data. */
export interface Ratio {
  numerators: readonly number[];
  denominators: readonly number[];
}

/** Enough that an end of the interval moves by less than a twentieth of its width from one seed to another. */
const resamples = 1000;
const tail = 0.025;

export function notMeasurable(reason: string): NotMeasurable {
  return { kind: 'not-measurable', reason };
}

/** Mean over problems; `undefined` if there are none. */
export function estimateMean(values: readonly number[]): Estimate | undefined {
  return estimateMeanOfRatios([{ numerators: values, denominators: values.map(() => 1) }]);
}

/** Mean of the ratios that have a value; `undefined` if there are none. */
export function estimateMeanOfRatios(ratios: readonly Ratio[]): Estimate | undefined {
  const value = meanOfRatios(ratios);
  if (value === undefined) return undefined;
  const problems = ratios[0]?.denominators.length ?? 0;
  const told = Array.from({ length: problems }, (_, index) => index).filter((index) =>
    ratios.some(({ denominators }) => (denominators[index] ?? 0) !== 0),
  );
  return { value, interval: told.length < 2 ? null : bootstrapInterval(ratios, told), n: told.length };
}

/** Sum of the numerators by sum of the denominators; `undefined` if the latter is 0. */
export function ratioOf({ numerators, denominators }: Ratio, times?: Uint32Array): number | undefined {
  let numerator = 0;
  let denominator = 0;
  for (let index = 0; index < denominators.length; index += 1) {
    const weight = times?.[index] ?? (times === undefined ? 1 : 0);
    numerator += weight * (numerators[index] ?? 0);
    denominator += weight * (denominators[index] ?? 0);
  }
  return denominator === 0 ? undefined : numerator / denominator;
}

function meanOfRatios(ratios: readonly Ratio[], times?: Uint32Array): number | undefined {
  const values = ratios.map((ratio) => ratioOf(ratio, times)).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** 95 % percentile bootstrap interval, resampling problems; a problem's values for all pairs stay together. */
function bootstrapInterval(ratios: readonly Ratio[], told: readonly number[]): Estimate['interval'] {
  const next = generator(told.length);
  const times = new Uint32Array(ratios[0]?.denominators.length ?? 0);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample += 1) {
    times.fill(0);
    for (let draw = 0; draw < told.length; draw += 1) {
      const index = told[Math.floor(next() * told.length)]!;
      times[index] = (times[index] ?? 0) + 1;
    }
    const value = meanOfRatios(ratios, times);
    if (value !== undefined) values.push(value);
  }
  values.sort((left, right) => left - right);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))]!;
  return { lower: at(tail), upper: at(1 - tail) };
}

/**
 * Uniform numbers in 0..1 (Steele's and Vigna's SplitMix, in 32 bits), seeded with the number of problems: the same
 * numbers give the same interval everywhere.
 */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
