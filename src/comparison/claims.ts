/** The claims of a comparison, judged and in words. */
import type { Claim, ClaimedMethod, DifferenceClaim } from '../contract/claims';
import { hasTooFewSeeds } from '../domain/evidence/clear';
import { judgeClaim, type ClaimedRuns, type JudgedClaim } from '../domain/evidence/claims';
import { nameOfMode } from '../domain/evidence/measurements';
import type { SeedsComparison } from '../domain/evidence/seeds-comparison';
import { differenceText, forTheseSeeds } from '../pages/evidence';
import { percent, points, pValue } from '../pages/numbers';
import { endOf, seedCurves } from './curves';
import type { ComparisonInput } from './gather';
import { methodLabel, readingOf } from './row-sources';

export interface StatedClaim extends JudgedClaim {
  /** `“A” beats “B” by at least 10 points` */
  sentence: string;
  /** The verdict in words: with fewer than three seeds it is for these seeds. */
  standing: string;
  /** Both accuracies, the difference, its intervals and each seed's; null if nothing was measured. */
  numbers: string | null;
  /** Why the claim is not shown, and what to bear in mind. */
  remarks: string[];
}

export function claimsOf(input: ComparisonInput, task: string): StatedClaim[] {
  const runs = claimedRuns(input, task);
  return (input.comparison.claims ?? []).map((claim) => {
    const judged = judgeClaim(claim, runs);
    return {
      ...judged,
      sentence: sentenceOf(input, claim),
      standing: standingOf(judged),
      numbers: judged.comparison && numbersOf(judged.comparison),
      remarks: remarksOn(judged, input, runs),
    };
  });
}

function claimedRuns(input: ComparisonInput, task: string): ClaimedRuns {
  return {
    curves: (method) => seedCurves(input, task, method),
    steps(method, seed) {
      const own = input.runs.filter((run) => run.task === task && run.seed === seed);
      const run = own.find((each) => readingOf(input.comparison, each, method) !== undefined);
      const end = run && endOf(run);
      return end === undefined ? undefined : run?.steps.slice(0, end + 1);
    },
  };
}

function sentenceOf(input: ComparisonInput, claim: Claim): string {
  if (claim.kind !== 'beats')
    return `${sideOf(input, claim.first)} ${claim.kind === 'rises' ? 'rises' : 'peaks and falls'} over the iterations`;
  const { first, second, by } = claim;
  const least = by === 0 ? '' : ` by at least ${pointsOf(by)} points`;
  return `${sideOf(input, first)} beats ${sideOf(input, second)}${least}`;
}

/** `“A” (vote over 9, untuned)` */
function sideOf(
  input: ComparisonInput,
  { method, answering, iteration }: ClaimedMethod & { iteration?: DifferenceClaim['second']['iteration'] },
): string {
  const way = answering === undefined || answering === 'society' ? '' : nameOfMode(answering);
  const said = [way, whenText(iteration)].filter((text) => text !== '').join(', ');
  return `“${methodLabel(input, method)}”${said === '' ? '' : ` (${said})`}`;
}

function whenText(iteration: DifferenceClaim['second']['iteration'] | undefined): string {
  if (iteration === undefined || iteration === 'last') return '';
  if (iteration === 'equal-steps') return 'after as many optimizer steps';
  return iteration === 0 ? 'before finetuning' : `after iteration ${iteration}`;
}

function standingOf({ verdict, comparison }: JudgedClaim): string {
  const isShown = verdict === 'shown' || verdict === 'the opposite is shown';
  return isShown && comparison !== null && hasTooFewSeeds(comparison)
    ? `${verdict} ${forTheseSeeds(comparison)}`
    : verdict;
}

/** `96.9 % against 64.6 %: +32.3 points, 95 % interval …; by seed +31.8, +32.4, +32.6` */
function numbersOf(comparison: SeedsComparison): string {
  const { first, second, seeds } = comparison;
  const each = seeds.length === 1 ? '' : `; by seed ${seeds.map(({ difference }) => points(difference)).join(', ')}`;
  return `${percent(first)} against ${percent(second)}: ${differenceText(comparison)}${each}`;
}

function remarksOn(judged: JudgedClaim, input: ComparisonInput, runs: ClaimedRuns): string[] {
  const { claim, comparison } = judged;
  return [
    objectionText(judged) ?? margin(judged),
    ...(comparison === null ? [] : [missingSeeds(input, comparison)]),
    ...courseOf(judged),
    ...sidesOf(claim).flatMap((side) => earlyEnds(input, side, runs)),
    claim.note ?? '',
  ].filter((text) => text !== '');
}

function objectionText({ claim, objection, comparison }: JudgedClaim): string | undefined {
  const by = claim.kind === 'beats' ? claim.by : 0;
  if (objection === null) return undefined;
  return {
    problems: 'the interval over problems holds 0',
    seeds: 'the interval over seeds holds 0',
    'problems-and-seeds': 'both intervals hold 0',
    'exact-test': `the exact test over the problems does not agree (${pValue(comparison?.withinSeeds.pValue ?? 1)})`,
    'too-small': `the difference is smaller than ${pointsOf(by)} points`,
    'falls-after-its-peak': 'it rises and then falls',
    'peaks-at-an-end': 'its best iteration is the first or the last',
    'not-measured': 'no seed has all the results it needs',
  }[objection];
}

/** Notes that the interval over seeds begins below the claimed difference: claims are judged by the mean. */
function margin({ claim, verdict, comparison }: JudgedClaim): string {
  const by = claim.kind === 'beats' ? claim.by : 0;
  const lower = comparison?.overSeeds.interval?.lower ?? 1;
  const isBelow = verdict === 'shown' && lower < by;
  return isBelow ? `the interval over seeds begins below ${pointsOf(by)} points` : '';
}

function missingSeeds({ comparison }: ComparisonInput, { seeds }: SeedsComparison): string {
  if (seeds.length === comparison.seeds.length) return '';
  return `with ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.map(({ seed }) => seed).join(', ')} only`;
}

/** At which iteration a curve is highest, and how the fall from there is measured. */
function courseOf({ claim, comparison, peak, fall }: JudgedClaim): string[] {
  const judged = fall ?? (claim.kind === 'peaks-and-falls' ? comparison : null);
  if (peak === undefined || judged === null) return [];
  const from =
    judged.seeds.length > 1
      ? 'the peak of the other seeds, so that no seed chooses its own,'
      : 'its own peak, which flatters a fall,';
  return [
    `its mean is highest after iteration ${peak}`,
    `from ${from} to the last iteration it changes by ${points(-judged.difference)} points`,
  ];
}

function sidesOf(claim: Claim): ClaimedMethod[] {
  const sides = claim.kind === 'beats' ? [claim.first, claim.second] : [claim.first];
  return sides.filter(({ method }, index) => sides.findIndex((side) => side.method === method) === index);
}

/** Names the runs that ended early: their last society stands for the iterations that they did not reach. */
function earlyEnds(input: ComparisonInput, side: ClaimedMethod, runs: ClaimedRuns): string[] {
  const early = runs.curves(side).flatMap(({ seed, endedAt, iterations }) => {
    return endedAt === undefined || endedAt === iterations ? [] : [`after iteration ${endedAt} with seed ${seed}`];
  });
  return early.length === 0 ? [] : [`“${methodLabel(input, side.method)}” ended early, ${early.join(', ')}`];
}

/** 0.1 -> `10` */
function pointsOf(share: number): string {
  return String(Number((100 * share).toFixed(6)));
}
