/**
 * Intervals and tests for accuracies (method.md, Evaluation). Pure and deterministic: nothing here draws random numbers.
 * For reports, scripts and activities; workflows carry its results and compute no more than a mean.
 */

export interface Interval {
  lower: number;
  upper: number;
}

/** How many of `n` problems were answered correctly. */
export interface Successes {
  correct: number;
  n: number;
}

/** Two methods on the same `n` problems: on how many exactly one of the two was right. */
export interface PairedCounts {
  n: number;
  onlyFirst: number;
  onlySecond: number;
}

export interface PairedComparison extends PairedCounts {
  /** Accuracy of the first minus accuracy of the second, -1..1. */
  difference: number;
  /** 95 % interval of `difference`, within -1..1: percentile bootstrap, or Tango's score interval if its width is 0. */
  interval: Interval;
  /** Exact two-sided McNemar p-value. */
  pValue: number;
}

export interface MeanInterval {
  mean: number;
  n: number;
  /** 95 % t-interval; `null` with fewer than `fewestForInterval` values. */
  interval: Interval | null;
}

/**
 * Fewest seeds that say anything about another seed. Two say next to nothing about their spread: the t quantile of one
 * degree of freedom is 12.7, and two that happen to agree would claim certainty.
 */
export const fewestForInterval = 3;

/** 97.5 % quantile of the standard normal distribution. */
const normalQuantile = 1.959963984540054;
const tail = 0.025;
/** Beyond ten standard deviations (and 20 counts) a binomial has less mass than a double can add to 1. */
const standardDeviationsKept = 10;

/** Population standard deviation of per-problem correctness divided by sqrt(n); 0 if nothing was measured. */
export function standardError({ correct, n }: Successes): number {
  if (n === 0) return 0;
  const accuracy = correct / n;
  return Math.sqrt((accuracy * (1 - accuracy)) / n);
}

/**
 * 95 % Wilson score interval of one accuracy. Chosen over accuracy ± 1.96 standard errors because it stays within 0..1
 * and has a width at 0 of n and n of n, where the normal interval claims certainty. n = 0: the whole of 0..1.
 */
export function wilsonInterval({ correct, n }: Successes): Interval {
  if (n === 0) return { lower: 0, upper: 1 };
  const accuracy = correct / n;
  const squared = normalQuantile ** 2;
  const centre = (accuracy + squared / (2 * n)) / (1 + squared / n);
  const half =
    (normalQuantile / (1 + squared / n)) * Math.sqrt((accuracy * (1 - accuracy)) / n + squared / (4 * n * n));
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/** Counts the discordant problems of two methods; both lists hold the same problems in the same order. */
export function countPairs(first: boolean[], second: boolean[]): PairedCounts {
  if (first.length !== second.length) {
    throw new RangeError(`Cannot pair ${first.length} results with ${second.length}.`);
  }
  let onlyFirst = 0;
  let onlySecond = 0;
  first.forEach((right, index) => {
    if (right && !second[index]) onlyFirst += 1;
    if (!right && second[index]) onlySecond += 1;
  });
  return { n: first.length, onlyFirst, onlySecond };
}

/** Difference of two accuracies on the same problems, with its interval and p-value; `n` must be positive. */
export function comparePaired(counts: PairedCounts): PairedComparison {
  assertCounts(counts);
  return {
    ...counts,
    difference: (counts.onlyFirst - counts.onlySecond) / counts.n,
    interval: pairedInterval(counts),
    pValue: mcNemarPValue(counts),
  };
}

/**
 * 95 % interval of the difference of two accuracies. Where every problem has the same difference, resampling gives no
 * width and would claim certainty: then it is Tango's score interval (Statistics in Medicine 17, 1998, p. 891), which needs
 * the same counts, has a closed form there and stays within -1..1.
 */
export function pairedInterval(counts: PairedCounts): Interval {
  assertCounts(counts);
  const { n, onlyFirst, onlySecond } = counts;
  const squared = normalQuantile ** 2;
  const none = squared / (n + squared);
  const all = (n - squared) / (n + squared);
  if (onlyFirst + onlySecond === 0) return { lower: -none, upper: none };
  if (onlyFirst === n) return { lower: all, upper: 1 };
  if (onlySecond === n) return { lower: -1, upper: -all };
  return pairedBootstrapInterval(counts);
}

/**
 * 95 % percentile bootstrap interval of the difference of two accuracies, resampling problems.
 *
 * A problem's difference is -1, 0 or +1, so a resample is one multinomial draw and the bootstrap distribution can be
 * summed exactly instead of sampled: what infinitely many resamples give, without a generator, a seed or their noise.
 * It is built from two binomials: how many discordant problems a resample has, and how many of those favour the first.
 */
export function pairedBootstrapInterval(counts: PairedCounts): Interval {
  assertCounts(counts);
  const { n, onlyFirst, onlySecond } = counts;
  const discordant = onlyFirst + onlySecond;
  if (discordant === 0) return { lower: 0, upper: 0 };
  const logFactorials = logFactorialTable(n);
  const massOfSum = new Float64Array(2 * n + 1);
  const drawn = binomial({ trials: n, share: discordant / n }, logFactorials);
  drawn.masses.forEach((massDrawn, offset) => {
    const trials = drawn.from + offset;
    const favouring = binomial({ trials, share: onlyFirst / discordant }, logFactorials);
    const first = 2 * favouring.from - trials + n;
    favouring.masses.forEach((mass, step) => {
      massOfSum[first + 2 * step]! += massDrawn * mass;
    });
  });
  return { lower: (firstBeyondTail(massOfSum) - n) / n, upper: (n - firstBeyondTail(massOfSum.reverse())) / n };
}

/**
 * Lower bound of the difference: with probability `error` at most the true one is lower (one-sided). Tango's score interval
 * (Statistics in Medicine 17, 1998, p. 891) for every table: a bootstrap over a handful of discordant problems, all of which
 * favour the first, cannot fall below 0.
 */
export function lowestDifference(counts: PairedCounts, error: number): number {
  assertCounts(counts);
  const { n, onlyFirst, onlySecond } = counts;
  // Student's t of a thousand degrees of freedom stands for the normal distribution, on the safe side.
  const quantile = tQuantile(1 - error, 1001);
  let lower = -1;
  let upper = (onlyFirst - onlySecond) / n;
  for (let step = 0; step < 60 && upper > lower; step += 1) {
    const middle = (lower + upper) / 2;
    if (tangoScore(counts, middle) > quantile) lower = middle;
    else upper = middle;
  }
  return upper;
}

/** How many standard errors the counts lie above a true difference. */
function tangoScore({ n, onlyFirst, onlySecond }: PairedCounts, difference: number): number {
  const linear = -onlyFirst - onlySecond + (2 * n - onlyFirst + onlySecond) * difference;
  const constant = -onlySecond * difference * (1 - difference);
  const shareOfSecond = (Math.sqrt(linear ** 2 - 8 * n * constant) - linear) / (4 * n);
  const variance = n * (2 * shareOfSecond + difference * (1 - difference));
  return (onlyFirst - onlySecond - n * difference) / Math.sqrt(Math.max(variance, Number.MIN_VALUE));
}

/** Exact two-sided McNemar test: how likely a fair coin splits the discordant problems at least this unevenly. */
export function mcNemarPValue({ onlyFirst, onlySecond }: Omit<PairedCounts, 'n'>): number {
  const discordant = onlyFirst + onlySecond;
  const logFactorials = logFactorialTable(discordant);
  let oneTail = 0;
  for (let count = 0; count <= Math.min(onlyFirst, onlySecond); count += 1) {
    oneTail += Math.exp(logBinomialMass({ trials: discordant, count, share: 0.5 }, logFactorials));
  }
  return Math.min(1, 2 * oneTail);
}

/** Possible values of a t-interval: their bounds, and the step they are measured in (1/n for shares of n problems). */
export interface Support {
  within?: Interval;
  step?: number;
}

/**
 * Mean and 95 % t-interval of a few independent values, such as the differences of several seeds. Values beyond `within`
 * cannot be true, so the interval is cut there and covers as much as before. The values' variance is taken to be at least
 * that of rounding to `step` (step²/12, Sheppard's), so that seeds which agree to the last problem are not certain.
 */
export function tInterval(values: number[], { within, step = 0 }: Support = {}): MeanInterval {
  const n = values.length;
  if (n === 0) return { mean: 0, n, interval: null };
  const average = mean(values);
  if (n < fewestForInterval) return { mean: average, n, interval: null };
  const half = tQuantile(1 - tail, n - 1) * Math.sqrt(Math.max(sampleVariance(values), step ** 2 / 12) / n);
  const { lower, upper } = within ?? { lower: -Infinity, upper: Infinity };
  return {
    mean: average,
    n,
    interval: { lower: Math.max(lower, average - half), upper: Math.min(upper, average + half) },
  };
}

export function sumOf<Each>(items: readonly Each[], of: (item: Each) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

/** @throws RangeError for no values: the caller decides what to show instead of their mean. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('No mean of no values.');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation divided by sqrt(n), of the mean of values that need not be 0 or 1; at least two values. */
export function standardErrorOfMean(values: readonly number[]): number {
  return Math.sqrt(sampleVariance(values) / values.length);
}

function sampleVariance(values: readonly number[]): number {
  const average = mean(values);
  return values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1);
}

/** Quantile of Student's t for a whole number of degrees of freedom, by bisection of its distribution function. */
export function tQuantile(probability: number, degreesOfFreedom: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`Probability ${probability} is not within 0..1.`);
  if (probability < 0.5) return -tQuantile(1 - probability, degreesOfFreedom);
  let lower = 0;
  let upper = 1;
  while (tDistribution(upper, degreesOfFreedom) < probability) upper *= 2;
  for (let step = 0; step < 200 && upper - lower > Number.EPSILON * upper; step += 1) {
    const middle = (lower + upper) / 2;
    if (tDistribution(middle, degreesOfFreedom) < probability) lower = middle;
    else upper = middle;
  }
  return (lower + upper) / 2;
}

/**
 * Distribution function of Student's t. For whole degrees of freedom it is a finite sum of powers of a cosine
 * (Abramowitz & Stegun 26.7.3 and 26.7.4), so neither the incomplete beta function nor a library is needed.
 */
export function tDistribution(t: number, degreesOfFreedom: number): number {
  if (!Number.isInteger(degreesOfFreedom) || degreesOfFreedom < 1) {
    throw new RangeError(`Degrees of freedom must be a positive whole number, not ${degreesOfFreedom}.`);
  }
  const angle = Math.atan(t / Math.sqrt(degreesOfFreedom));
  const odd = degreesOfFreedom % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = degreesOfFreedom === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degreesOfFreedom - 2; power += 2) {
    term *= ((power - 1) / power) * Math.cos(angle) ** 2;
    sum += term;
  }
  const withinBoth = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + withinBoth) / 2;
}

function assertCounts({ n, onlyFirst, onlySecond }: PairedCounts): void {
  const whole = [n, onlyFirst, onlySecond].every((count) => Number.isInteger(count) && count >= 0);
  if (!whole || n === 0 || onlyFirst + onlySecond > n) {
    throw new RangeError(`No paired comparison: ${onlyFirst} and ${onlySecond} discordant of ${n} problems.`);
  }
}

/** Index at which the cumulated mass reaches 2.5 %. */
function firstBeyondTail(masses: Float64Array): number {
  let cumulated = 0;
  for (let index = 0; index < masses.length; index += 1) {
    cumulated += masses[index] ?? 0;
    if (cumulated >= tail) return index;
  }
  return masses.length - 1;
}

/**
 * The masses of a binomial from the count `from` on, as far as they matter. One is computed, the likeliest; each other
 * follows from its neighbour.
 */
function binomial({ trials, share }: { trials: number; share: number }, logFactorials: Float64Array) {
  const reach = standardDeviationsKept * Math.sqrt(trials * share * (1 - share)) + 20;
  const from = Math.max(0, Math.floor(trials * share - reach));
  const to = Math.min(trials, Math.ceil(trials * share + reach));
  const likeliest = Math.min(to, Math.floor((trials + 1) * share));
  const odds = share / (1 - share);
  const masses = new Float64Array(to - from + 1);
  masses[likeliest - from] = Math.exp(logBinomialMass({ trials, count: likeliest, share }, logFactorials));
  for (let count = likeliest; count < to; count += 1) {
    masses[count + 1 - from] = (masses[count - from]! * odds * (trials - count)) / (count + 1);
  }
  for (let count = likeliest; count > from; count -= 1) {
    masses[count - 1 - from] = (masses[count - from]! * count) / (odds * (trials - count + 1));
  }
  return { from, masses };
}

function logBinomialMass(
  { trials, count, share }: { trials: number; count: number; share: number },
  logFactorials: Float64Array,
): number {
  // 0 · log 0 is 0 here: a share of 0 or 1 leaves one possible count.
  const ofCount = count === 0 ? 0 : count * Math.log(share);
  const ofRest = trials === count ? 0 : (trials - count) * Math.log1p(-share);
  const logFactorial = (value: number) => logFactorials[value] ?? 0;
  return logFactorial(trials) - logFactorial(count) - logFactorial(trials - count) + ofCount + ofRest;
}

function logFactorialTable(largest: number): Float64Array {
  const table = new Float64Array(largest + 1);
  for (let value = 2; value <= largest; value += 1) table[value] = (table[value - 1] ?? 0) + Math.log(value);
  return table;
}

export function reaches(value: number, bound: number): boolean {
  return value >= bound - 1e-9;
}
