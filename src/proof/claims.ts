/**
 * What the method is said to do, and whether these runs show it. A claim holds where the mean difference over the seeds is
 * as large as claimed, above 0 and clear (`domain/evidence/clear.ts`); with fewer than three seeds it can hold for these
 * seeds only. Nothing here is wanted to hold.
 */
import type { AnswerMode } from '../contract/evaluation';
import { reaches } from '../domain/rounding';
import { points, pValue } from '../report/numbers';
import { compareOverSeeds, type SeriesOfSeed, type Side } from './comparisons';
import { clarityOf, hasTooFewSeeds } from '../domain/evidence/clear';
import type { SeedsComparison } from '../domain/evidence/seeds-comparison';
import { peakIteration, peakOfOthers } from './curves';
import { society, type ProofMethod } from './methods';
import { iterationWithAsManySteps } from './steps';

export type Verdict = 'holds' | 'holds for these seeds' | 'does not hold' | 'not measured';

export interface Claim {
  id: string;
  /** One sentence. */
  claim: string;
  verdict: Verdict;
  /** What the numbers alone do not say: why it does not hold, or what to bear in mind. May be empty. */
  remark: string;
  comparison: SeedsComparison | null;
}

export interface ClaimContext {
  seeds: readonly number[];
  /** L */
  iterations: number;
  find: SeriesOfSeed;
  /** The vote that takes as many calls as a debate, such as `vote-9`. */
  vote: AnswerMode;
}

interface DifferenceClaim {
  id: string;
  claim: string;
  first: Side;
  second: Side;
  /** Least difference of accuracies, 0..1; default: any above 0. */
  atLeast?: number;
  remark?: string;
}

const unmeasured = 'the runs it needs are not finished, or not part of this proof';

export function claimsOf(context: ClaimContext): Claim[] {
  return [
    ...improvementClaims(context).map((claim) => judge(context, claim)),
    risesClaim(context),
    peaksAndFallsClaim(context),
    ...equalCallsClaims(context).map((claim) => judge(context, claim)),
  ];
}

function improvementClaims(context: ClaimContext): DifferenceClaim[] {
  const { iterations } = context;
  const after = iterations === 1 ? 'after 1 iteration' : `after ${iterations} iterations`;
  const tuned: Side = { method: society, iteration: iterations, mode: 'society' };
  const untuned: Side = { ...tuned, iteration: 0 };
  const rival = (method: ProofMethod): Side => ({ ...tuned, method });
  return [
    {
      id: 'untuned-debate-beats-one-sample',
      claim: 'the untuned debate beats one sample',
      first: untuned,
      second: { ...untuned, mode: 'sample' },
    },
    {
      id: 'society-gains-ten-points',
      claim: `the society ${after} beats the untuned debate by at least 10 points`,
      first: tuned,
      second: untuned,
      atLeast: 0.1,
    },
    {
      id: 'society-beats-majority-finetuning',
      claim: `the society beats majority finetuning, both ${after}`,
      first: tuned,
      second: rival('majority-finetuning'),
      remark: 'each as it answers: a debate against a vote over its own samples; at equal calls see the votes below',
    },
    {
      id: 'society-beats-single-agent',
      claim: `the society beats the single agent, both ${after}`,
      first: tuned,
      second: rival('single-agent'),
    },
    {
      id: 'society-beats-control',
      claim: `the society beats the control trained on unselected responses, both ${after}`,
      first: tuned,
      second: rival('control'),
      remark: 'same settings: the control has more examples, so more optimizer steps',
    },
    {
      id: 'society-beats-control-at-equal-steps',
      claim: `the society ${after} beats the control with as many optimizer steps`,
      first: tuned,
      second: { ...rival('control'), iteration: stepMatch(context) },
      remark:
        'the control of the first iteration through which each of its agents has taken at least as many steps in all',
    },
  ];
}

function equalCallsClaims({ iterations, vote }: ClaimContext): DifferenceClaim[] {
  const tuned: Side = { method: society, iteration: iterations, mode: vote };
  const name = `a vote over ${vote.slice('vote-'.length)} samples of the tuned society`;
  return [
    {
      id: 'vote-beats-untuned-vote',
      claim: `${name} beats as large a vote of the untuned model`,
      first: tuned,
      second: { ...tuned, iteration: 0 },
    },
    {
      id: 'vote-beats-majority-finetuned-vote',
      claim: `${name} beats as large a vote of the majority-finetuned model`,
      first: tuned,
      second: { ...tuned, method: 'majority-finetuning' },
    },
    {
      id: 'vote-beats-single-agent-vote',
      claim: `${name} beats as large a vote of the single agent`,
      first: tuned,
      second: { ...tuned, method: 'single-agent' },
    },
  ];
}

function stepMatch({ find }: ClaimContext): (seed: number) => number | undefined {
  return (seed) => iterationWithAsManySteps(find(society, seed), find('control', seed));
}

function judge(
  { seeds, find }: ClaimContext,
  { id, claim, first, second, atLeast = 0, remark = '' }: DifferenceClaim,
): Claim {
  const comparison = compareOverSeeds(seeds, find, { first, second });
  if (comparison === null) return { id, claim, verdict: 'not measured', remark: unmeasured, comparison };
  const against = objection(comparison, atLeast);
  const remarks = [against ?? besideHolding(comparison, atLeast), remark].filter((text) => text !== '');
  return { id, claim, verdict: verdictOf(comparison, against), remark: remarks.join('; '), comparison };
}

function verdictOf(comparison: SeedsComparison, against: string | null): Verdict {
  if (against !== null) return 'does not hold';
  return hasTooFewSeeds(comparison) ? 'holds for these seeds' : 'holds';
}

/** Whether these runs show a difference above 0, as far as so many seeds can. */
function isShown(comparison: SeedsComparison): boolean {
  const clarity = clarityOf(comparison);
  const isClear = clarity === 'any-seed' || (clarity === 'these-seeds' && hasTooFewSeeds(comparison));
  return isClear && comparison.difference > 0;
}

/** Why a difference of at least `atLeast` is not shown; null where it is. */
function objection(comparison: SeedsComparison, atLeast: number): string | null {
  const { difference, withinSeeds, overSeeds } = comparison;
  if (difference <= 0) return 'the difference is not above 0';
  if (!reaches(difference, atLeast)) return `the difference is smaller than ${100 * atLeast} points`;
  if (isShown(comparison)) return null;
  const [problems, seeds] = [withinSeeds.interval.lower <= 0, (overSeeds.interval?.lower ?? 1) <= 0];
  if (problems && seeds) return 'both intervals reach 0';
  if (problems) return 'the interval over problems reaches 0';
  return seeds
    ? 'the interval over seeds reaches 0'
    : `the exact test over the problems does not agree (${pValue(withinSeeds.pValue)})`;
}

function besideHolding({ overSeeds, seeds }: SeedsComparison, atLeast: number): string {
  if (overSeeds.interval === null)
    return `${seeds.length === 1 ? 'one seed' : 'two seeds, pooled'}: nothing is known about another`;
  return overSeeds.interval.lower < atLeast ? `the interval over seeds begins below ${100 * atLeast} points` : '';
}

/** The paper's Figure 1, first half: from the untuned society to the last iteration it rises, and it does not fall. */
function risesClaim(context: ClaimContext): Claim {
  const { seeds, iterations, find } = context;
  const request = { method: society, mode: 'society', seeds, iterations } as const;
  const rise = judge(context, {
    id: 'society-rises',
    claim: 'Figure 1: the society’s curve rises',
    first: { ...request, iteration: iterations },
    second: { ...request, iteration: 0 },
  });
  const fall = fallAfterPeak(context, society);
  if (rise.verdict === 'does not hold' || rise.verdict === 'not measured' || fall === null) return rise;
  const complete = fall.seeds.map(({ seed }) => seed);
  const peak = peakWords(peakIteration(find, { ...request, seeds: complete }));
  const from = complete.length > 1 ? 'the peak of the other seeds' : 'its own peak';
  const remark = `${peak}; from ${from} to the last iteration it changes by ${points(-fall.difference)} points`;
  return {
    ...rise,
    verdict: isShown(fall) ? 'does not hold' : rise.verdict,
    remark: isShown(fall) ? `it rises and then falls; ${remark}` : remark,
  };
}

/** Figure 1, second half: the single agent is best before the last iteration, and clearly worse at the last. */
function peaksAndFallsClaim(context: ClaimContext): Claim {
  const { iterations, find } = context;
  const head = { id: 'single-agent-peaks-and-falls', claim: 'Figure 1: the single agent’s curve peaks and falls' };
  const comparison = fallAfterPeak(context, 'single-agent');
  if (comparison === null) return { ...head, verdict: 'not measured', remark: unmeasured, comparison };
  const peak = peakIteration(find, {
    method: 'single-agent',
    mode: 'society',
    seeds: comparison.seeds.map(({ seed }) => seed),
    iterations,
  });
  const isInside = peak !== undefined && peak > 0 && peak < iterations;
  const against = isInside ? objection(comparison, 0) : 'its best iteration is the first or the last';
  const how =
    comparison.seeds.length > 1
      ? 'the fall is measured from the peak of the other seeds, so that no seed chooses its own'
      : 'its own peak, which flatters the fall';
  const remark = [peakWords(peak), against ?? besideHolding(comparison, 0), how]
    .filter((text) => text !== '')
    .join('; ');
  return { ...head, verdict: verdictOf(comparison, against), remark, comparison };
}

/** Accuracy at the peak minus accuracy after the last iteration. */
function fallAfterPeak({ seeds, iterations, find }: ClaimContext, method: ProofMethod): SeedsComparison | null {
  const own: Side = { method, iteration: iterations, mode: 'society' };
  const iteration = peakOfOthers(find, { method, mode: 'society', seeds, iterations });
  return compareOverSeeds(seeds, find, { first: { ...own, iteration }, second: own });
}

function peakWords(peak: number | undefined): string {
  return peak === undefined ? 'its peak is not known yet' : `its mean is highest at iteration ${peak}`;
}
