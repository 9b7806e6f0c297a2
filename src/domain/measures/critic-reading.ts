/**
 * Do critics use what they read? The estimates of the intervention (measures.md).
 *
 * What they condition on: only problems whose first responses include three right and three wrong ones take part, which
 * measures all six situations on the same problems and pairs the differences. Such problems are neither easy nor
 * hopeless for these models; if every response is right (or wrong), a debate has nothing to exchange, and these
 * estimates do not cover it. "Own" and "others" are samples of the models themselves, not texts written for the
 * purpose.
 */
import {
  othersKinds,
  ownKinds,
  type Cells,
  type CriticReading,
  type OthersKind,
  type OwnKind,
  type Points,
  type ProbeOutcome,
  type ReadingVerdict,
  type Revisions,
} from '../../contract/critic-reading';
import { drawKey } from '../draws';
import { memberNumbers } from '../identifiers';
import { mean, standardErrorOfMean, tInterval } from '../statistics';

/** Points below which critics count as not reading; a base like that shows nothing about debating. */
export const leastReading = 5;

/** Two to show, and one to be the critic's own. */
const fewestOfEachKind = 3;

/** A response whose answer could be read, and whether that is right. */
export interface JudgedResponse {
  response: string;
  right: boolean;
}

/** The responses that make up the six situations of one problem. */
export interface ResponsePool {
  own: Record<OwnKind, string>;
  others: Record<OthersKind, readonly [string, string]>;
}

/**
 * The first three right and the first three wrong responses as a pool; undefined if there are fewer. More samples of a
 * problem that has a pool do not change it.
 * @param wrongFirst Whether the wrong one of a mixed pair comes first; callers vary this between problems.
 */
export function poolOf(responses: readonly JudgedResponse[], wrongFirst: boolean): ResponsePool | undefined {
  const kind = (wanted: boolean) => responses.filter(({ right }) => right === wanted).map(({ response }) => response);
  const [[right1, right2, ownRight], [wrong1, wrong2, ownWrong]] = [kind(true), kind(false)];
  if (right1 === undefined || right2 === undefined || wrong1 === undefined || wrong2 === undefined) return undefined;
  if (ownRight === undefined || ownWrong === undefined) return undefined;
  return {
    own: { right: ownRight, wrong: ownWrong },
    others: {
      right: [right1, right2],
      wrong: [wrong1, wrong2],
      mixed: wrongFirst ? [wrong1, right2] : [right1, wrong2],
    },
  };
}

/** Samples below which no problem can have a pool. */
export const fewestSamples = 2 * fewestOfEachKind;

/** Who revises, and what they are shown. */
export interface Intervention {
  /** Most first responses per problem. */
  samples: number;
  /** How many critics revise each problem. */
  critics: number;
  others: readonly OthersKind[];
}

/** `maft probe-critics` asks all critics in all situations, of up to `samples` responses. */
export function wholeIntervention(members: number, samples: number): Intervention {
  return { samples, critics: members, others: othersKinds };
}

/** First responses that the measure of a run takes at least and at most, whatever the vote beside the debate draws. */
const measuredSamples = { least: 9, most: 16 };

/**
 * The measure of a run spends its calls on problems, which differ more than critics do: one critic per problem, and only
 * the situations that reading and copying are made of.
 *
 * @param drawn First responses per problem that the evaluation has drawn.
 */
export function measuredIntervention(drawn: number): Intervention {
  const { least, most } = measuredSamples;
  return { samples: Math.min(most, Math.max(least, drawn)), critics: 1, others: ['right', 'wrong'] };
}

/** Most calls that the measure takes per problem: missing first responses, then summaries and revisions. */
export function mostCallsPerProblem({ drawn, summary }: { drawn: number; summary: boolean }): number {
  const { samples, critics, others } = measuredIntervention(drawn);
  return Math.max(0, samples - drawn) + critics * others.length * (ownKinds.length + (summary ? 1 : 0));
}

interface ProblemDraw {
  seed: number;
  problemId: string;
}

/** Numbers of the members whose critics revise a problem: drawn by seed and not by iteration, so that iterations are paired. */
export function revisingMembers(members: number, critics: number, { seed, problemId }: ProblemDraw): number[] {
  const first = Number.parseInt(drawKey(`revising/${seed}/${problemId}`).slice(0, 8), 16);
  return memberNumbers(critics)
    .map((critic) => ((first + critic) % members) + 1)
    .sort((left, right) => left - right);
}

/** Whether the wrong one of a mixed pair comes first. */
export function isWrongFirst({ seed, problemId }: ProblemDraw): boolean {
  return Number.parseInt(drawKey(`probe/${seed}/${problemId}`).slice(0, 8), 16) % 2 === 1;
}

/** One value for each situation. */
export function cellsOf<Value>(value: (own: OwnKind, others: OthersKind) => Value): Cells<Value> {
  const row = (own: OwnKind) => Object.fromEntries(othersKinds.map((others) => [others, value(own, others)]));
  return Object.fromEntries(ownKinds.map((own) => [own, row(own)])) as Cells<Value>;
}

/** The reason why nothing was measured, if every problem failed. */
export function reasonAllFailed(outcomes: readonly ProbeOutcome[]): string | undefined {
  const reasons = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.reason] : []));
  return reasons.length === outcomes.length ? reasons[0] : undefined;
}

/** The estimates over all problems that took part. */
export function criticReading(
  outcomes: readonly ProbeOutcome[],
  { samples, critics }: Pick<Intervention, 'samples' | 'critics'>,
): CriticReading {
  const probed = outcomes.flatMap((outcome) => (outcome.kind === 'revised' ? [outcome.right] : []));
  const step = 1 / Math.max(1, critics);
  const share = (problem: Revisions, own: OwnKind, others: OthersKind) => mean(problem[own][others].map(Number));
  const over = (value: (problem: Revisions) => number, range: number) =>
    pointsOf(probed.map(value), { lower: -range, upper: range, step });
  const gain = (own: OwnKind) => (problem: Revisions) => share(problem, own, 'right') - share(problem, own, 'wrong');
  const reading = over(gain('wrong'), 1);
  return {
    ...{ samples, critics, problemsAsked: outcomes.length, problems: probed.length },
    failed: outcomes.filter(({ kind }) => kind === 'failed').length,
    rightByOwnAndOthers: cellsOf((own, others) => {
      const asked = probed.filter((problem) => problem[own][others].length > 0);
      return pointsOf(
        asked.map((problem) => share(problem, own, others)),
        { lower: 0, upper: 1, step },
      );
    }),
    reading,
    copying: over(gain('right'), 1),
    judgement: over((problem) => gain('wrong')(problem) - gain('right')(problem), 2),
    verdict: verdictOn(reading),
  };
}

/**
 * Readings of the same critics on different problems, such as those of several seeds, as one: means over all problems.
 * Undefined if there are none.
 */
export function pooledReading(found: readonly CriticReading[]): CriticReading | undefined {
  const [first] = found;
  if (first === undefined || found.length === 1) return first;
  const sum = (of: (reading: CriticReading) => number) => found.reduce((total, each) => total + of(each), 0);
  const pooled = (of: (reading: CriticReading) => Points) =>
    pooledPoints(found.map((each) => ({ weight: each.problems, points: of(each) })));
  const reading = pooled((each) => each.reading);
  return {
    ...first,
    problemsAsked: sum(({ problemsAsked }) => problemsAsked),
    problems: sum(({ problems }) => problems),
    failed: sum(({ failed }) => failed),
    rightByOwnAndOthers: cellsOf((own, others) => pooled((each) => each.rightByOwnAndOthers[own][others])),
    reading,
    copying: pooled(({ copying }) => copying),
    judgement: pooled(({ judgement }) => judgement),
    verdict: verdictOn(reading),
  };
}

/** A part without an interval is left out: its few problems say little, and how little is not known. */
function pooledPoints(parts: readonly { weight: number; points: Points }[]): Points {
  const known = parts.flatMap(({ weight, points: { points, standardError, interval } }) =>
    points === null || standardError === null || interval === null
      ? []
      : [{ weight, points, standardError, half: (interval.upper - interval.lower) / 2 }],
  );
  if (known.length === 0) return { points: null, standardError: null, interval: null };
  const total = known.reduce((sum, { weight }) => sum + weight, 0);
  const spread = (of: (part: (typeof known)[number]) => number) =>
    Math.sqrt(known.reduce((sum, part) => sum + (part.weight * of(part)) ** 2, 0)) / total;
  const points = known.reduce((sum, part) => sum + part.weight * part.points, 0) / total;
  const half = spread((part) => part.half);
  return {
    points: rounded(points),
    standardError: rounded(spread((part) => part.standardError)),
    interval: { lower: rounded(points - half), upper: rounded(points + half) },
  };
}

/**
 * The t-interval takes the variance to be at least that of rounding to one revision: critics that never change their mind
 * give one difference, 0, on every problem, and a dozen problems are not certainty.
 */
function pointsOf(shares: number[], { lower, upper, step }: { lower: number; upper: number; step: number }): Points {
  if (shares.length === 0) return { points: null, standardError: null, interval: null };
  const { mean: average, interval } = tInterval(shares, { within: { lower, upper }, step });
  return {
    points: inPoints(average),
    standardError: shares.length < 2 ? null : inPoints(standardErrorOfMean(shares)),
    interval: interval && { lower: inPoints(interval.lower), upper: inPoints(interval.upper) },
  };
}

function inPoints(share: number): number {
  return rounded(100 * share);
}

/** To hundredths of a point. */
function rounded(points: number): number {
  // Adding 0 turns -0 into 0.
  return Math.round(100 * points) / 100 + 0;
}

function verdictOn({ interval }: Points): ReadingVerdict {
  if (interval === null) return 'not-measured';
  if (interval.lower >= leastReading) return 'reads';
  return interval.upper < leastReading ? 'does-not-read' : 'undecided';
}
