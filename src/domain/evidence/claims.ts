/**
 * Whether runs show what a comparison claims. A difference is shown if it is clear (`clear.ts`), above 0 and as large
 * as claimed; with fewer than three seeds it can be shown for these seeds only.
 */
import type { Claim, ClaimedMethod, DifferenceClaim } from '../../contract/claims';
import { reaches } from '../statistics';
import { doubtOf, type Doubt } from './clear';
import { iterationsTo } from '../identifiers';
import { completeCurves, measurementAfter, peakIteration, peakOfOthers, type SeedCurve } from './curves';
import { compareSeeds, type SeedsComparison } from './seeds-comparison';

export type Verdict = 'shown' | 'not shown' | 'the opposite is shown' | 'cannot be judged';

/** Why a claim is not shown: the difference is not clear, or it is not what was claimed. */
export type Objection = Doubt | 'too-small' | 'falls-after-its-peak' | 'peaks-at-an-end' | 'not-measured';

export interface JudgedClaim {
  claim: Claim;
  verdict: Verdict;
  /** Null if the claim is shown, or its opposite is. */
  objection: Objection | null;
  /** The two sides; for a curve its last and first iteration (`rises`), or its peak and last one. */
  comparison: SeedsComparison | null;
  /** For a curve: the iteration at which the mean over the seeds is highest. */
  peak?: number;
  /** For a curve that is claimed to rise: from the peak of the other seeds to the last iteration. */
  fall?: SeedsComparison;
}

/** Optimizer steps by agent in each iteration, from 0; complete, for a finished run. */
export type Steps = readonly Readonly<Record<string, number>>[];

/** The results so far of the runs of one task. */
export interface ClaimedRuns {
  curves(of: ClaimedMethod): SeedCurve[];
  /** Undefined while the run is not finished. */
  steps(method: string, seed: number): Steps | undefined;
}

export function judgeClaim(claim: Claim, runs: ClaimedRuns): JudgedClaim {
  if (claim.kind === 'beats') {
    const comparison = compareSides(claim, runs);
    return { claim, ...verdictOn(comparison, claim.by), comparison };
  }
  const curves = completeCurves(runs.curves(claim.first));
  return claim.kind === 'rises' ? judgeRise(claim, curves) : judgeFall(claim, curves);
}

/** Claims that the curve rises from iteration 0 to the last one and does not fall after its peak. */
function judgeRise(claim: Claim, curves: SeedCurve[]): JudgedClaim {
  const comparison = compareSeeds(
    pairsOf(curves, {
      first: (curve) => measurementAfter(curve, 'last'),
      second: (curve) => measurementAfter(curve, 0),
    }),
  );
  const judged = { claim, ...verdictOn(comparison, 0), comparison };
  const fall = fallAfterPeak(curves);
  if (fall === null || judged.verdict !== 'shown') return judged;
  const known = { ...judged, peak: peakIteration(curves), fall };
  const falls = verdictOn(fall, 0).verdict === 'shown';
  return falls ? { ...known, verdict: 'not shown', objection: 'falls-after-its-peak' } : known;
}

/** Claims that the curve is best between the first and the last iteration, and clearly worse after the last. */
function judgeFall(claim: Claim, curves: SeedCurve[]): JudgedClaim {
  const comparison = fallAfterPeak(curves);
  const peak = peakIteration(curves);
  const last = curves[0]?.iterations ?? 0;
  const judged = { claim, ...verdictOn(comparison, 0), comparison, peak };
  const isInside = peak !== undefined && peak > 0 && peak < last;
  if (isInside || comparison === null || judged.verdict === 'the opposite is shown') return judged;
  return { ...judged, verdict: 'not shown', objection: 'peaks-at-an-end' };
}

function verdictOn(comparison: SeedsComparison | null, by: number): Pick<JudgedClaim, 'verdict' | 'objection'> {
  if (comparison === null) return { verdict: 'cannot be judged', objection: 'not-measured' };
  const doubt = doubtOf(comparison);
  if (doubt !== null) return { verdict: 'not shown', objection: doubt };
  if (comparison.difference < 0) return { verdict: 'the opposite is shown', objection: null };
  if (!reaches(comparison.difference, by)) return { verdict: 'not shown', objection: 'too-small' };
  return { verdict: 'shown', objection: null };
}

function compareSides(claim: DifferenceClaim, runs: ClaimedRuns): SeedsComparison | null {
  const { first, second } = claim;
  const rivals = runs.curves(second);
  const pairs = runs.curves(first).flatMap((own) => {
    const rival = rivals.find(({ seed }) => seed === own.seed);
    const iteration = second.iteration === 'equal-steps' ? stepMatch(claim, runs, own.seed) : second.iteration;
    if (rival === undefined || iteration === undefined) return [];
    const [measured, other] = [measurementAfter(own, first.iteration), measurementAfter(rival, iteration)];
    return measured && other ? [{ seed: own.seed, first: measured, second: other }] : [];
  });
  return compareSeeds(pairs);
}

/**
 * The first iteration by which every agent of the second method has taken at least as many optimizer steps as the same
 * agent of the first by that method's iteration; undefined if there is none, or if one of the two runs has not ended.
 */
function stepMatch({ first, second }: DifferenceClaim, runs: ClaimedRuns, seed: number): number | undefined {
  const [own, rival] = [runs.steps(first.method, seed), runs.steps(second.method, seed)];
  if (own === undefined || rival === undefined) return undefined;
  const through = first.iteration === 'last' ? own.length - 1 : first.iteration;
  return iterationsTo(rival.length - 1).find((iteration) =>
    trainedIn(own).every((agent) => stepsThrough(rival, agent, iteration) >= stepsThrough(own, agent, through)),
  );
}

/** Optimizer steps that an agent has taken through an iteration, or in all. */
export function stepsThrough(steps: Steps, agent: string, iteration = steps.length - 1): number {
  return steps.slice(0, iteration + 1).reduce((sum, taken) => sum + (taken[agent] ?? 0), 0);
}

/** Agents that were trained in some iteration. */
export function trainedIn(steps: Steps): string[] {
  return [...new Set(steps.flatMap((taken) => Object.keys(taken)))];
}

/** Accuracy at the peak minus accuracy after the last iteration. */
function fallAfterPeak(curves: SeedCurve[]): SeedsComparison | null {
  const peak = peakOfOthers(curves);
  const atPeak = (curve: SeedCurve) => measurementAfter(curve, peak(curve.seed) ?? 'last');
  return compareSeeds(pairsOf(curves, { first: atPeak, second: (curve) => measurementAfter(curve, 'last') }));
}

type Look = (curve: SeedCurve) => ReturnType<typeof measurementAfter>;

function pairsOf(curves: readonly SeedCurve[], { first, second }: { first: Look; second: Look }) {
  return curves.flatMap((curve) => {
    const [one, other] = [first(curve), second(curve)];
    return one && other ? [{ seed: curve.seed, first: one, second: other }] : [];
  });
}
