/**
 * Simulated nights of a line: every night a candidate and the current society answer the same held-out problems, and a rule
 * decides by their answers. The gate is the program's own; models and training are a chance of being right per problem.
 */
import { isClear } from '../../src/domain/evidence/clear';
import { barAtLook, errorOfHeldOutSet } from '../../src/domain/lines/spending';
import { comparePaired, mcNemarPValue } from '../../src/domain/statistics';

/** Highest p-value that promotes at look 1, 2, …; all are two-sided, and only one side promotes. */
export interface SpendingRule {
  name: string;
  bar(look: number): number;
}

export const spendingRules: readonly SpendingRule[] = [
  { name: 'the same bar every night, p < 0.05', bar: () => 0.05 },
  { name: '6/(π² k²)', bar: (look) => (2 * errorOfHeldOutSet * 6) / (Math.PI * look) ** 2 },
  { name: '1/(n ln² n), n = k + 1 (this program)', bar: barAtLook },
];

export interface Circumstances {
  /** Held-out problems. */
  problems: number;
  /** Mean chance that the first society answers a problem right. */
  accuracy: number;
  /** Half the range by which one night changes the chance of a problem, up or down alike. */
  drift: number;
}

/** Mulberry32: fast, 32 bits of state, the same numbers on every machine. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A chance per problem, spread evenly around the mean as far as 0 and 1 allow. */
function firstChances({ problems, accuracy }: Circumstances, draw: () => number): number[] {
  const reach = Math.min(accuracy, 1 - accuracy);
  return Array.from({ length: problems }, () => accuracy + (2 * draw() - 1) * reach);
}

/** A night's training: every chance moves, by `gain` on the average. */
function trained(chances: readonly number[], { drift, gain }: { drift: number; gain: number }, draw: () => number) {
  return chances.map((chance) => {
    // Less room near 0 and 1, in both directions alike: without a gain the mean stays where it is.
    const room = Math.min(drift, chance, 1 - chance);
    return Math.min(1, chance + (2 * draw() - 1) * room + gain);
  });
}

/** Whether a rule would promote the candidate by one evening's answers of both. */
function isPromoted(
  { candidate, parent }: { candidate: readonly number[]; parent: readonly number[] },
  bar: number,
  draw: () => number,
): boolean {
  let [onlyFirst, onlySecond] = [0, 0];
  candidate.forEach((chance, problem) => {
    const [first, second] = [draw() < chance, draw() < (parent[problem] ?? 0)];
    if (first && !second) onlyFirst += 1;
    if (second && !first) onlySecond += 1;
  });
  // The interval costs more than the test, and nearly every night fails the test.
  if (onlyFirst <= onlySecond || mcNemarPValue({ onlyFirst, onlySecond }) >= bar) return false;
  return isClear(comparePaired({ n: candidate.length, onlyFirst, onlySecond }), bar);
}

/** Promotions of a line on which no night makes any progress: each of them is by luck. */
export function promotionsWithoutProgress(
  rule: SpendingRule,
  circumstances: Circumstances,
  { nights, seed }: { nights: number; seed: number },
): number {
  const draw = uniforms(seed);
  let parent = firstChances(circumstances, draw);
  let promotions = 0;
  for (let look = 1; look <= nights; look += 1) {
    const candidate = trained(parent, { drift: circumstances.drift, gain: 0 }, draw);
    if (!isPromoted({ candidate, parent }, rule.bar(look), draw)) continue;
    promotions += 1;
    parent = candidate;
  }
  return promotions;
}

/** Share of `trials` in which a society that is better by `gain` is promoted at this look. */
export function powerAtLook(
  rule: SpendingRule,
  circumstances: Circumstances,
  { look, gain, trials, seed }: { look: number; gain: number; trials: number; seed: number },
): number {
  const draw = uniforms(seed);
  let promoted = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const parent = firstChances(circumstances, draw);
    const candidate = trained(parent, { drift: circumstances.drift, gain }, draw);
    if (isPromoted({ candidate, parent }, rule.bar(look), draw)) promoted += 1;
  }
  return promoted / trials;
}
