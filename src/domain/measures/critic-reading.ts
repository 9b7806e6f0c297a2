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
  type ReadingVerdict,
} from '../../contract/critic-reading';
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

/** Verdicts on the revisions of one problem, one per critic in each situation. */
export type ProbedProblem = Cells<readonly boolean[]>;

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

/** One value for each situation. */
export function cellsOf<Value>(value: (own: OwnKind, others: OthersKind) => Value): Cells<Value> {
  const row = (own: OwnKind) => Object.fromEntries(othersKinds.map((others) => [others, value(own, others)]));
  return Object.fromEntries(ownKinds.map((own) => [own, row(own)])) as Cells<Value>;
}

type Asked = Pick<CriticReading, 'problemsAsked' | 'failed' | 'samples' | 'critics'>;

/** The estimates over all problems that took part. */
export function criticReading(probed: readonly ProbedProblem[], asked: Asked): CriticReading {
  const step = 1 / Math.max(1, asked.critics);
  const share = (problem: ProbedProblem, own: OwnKind, others: OthersKind) => mean(problem[own][others].map(Number));
  const over = (value: (problem: ProbedProblem) => number, range: number) =>
    pointsOf(probed.map(value), { lower: -range, upper: range, step });
  const gain = (own: OwnKind) => (problem: ProbedProblem) =>
    share(problem, own, 'right') - share(problem, own, 'wrong');
  const reading = over(gain('wrong'), 1);
  return {
    ...asked,
    problems: probed.length,
    rightByOwnAndOthers: cellsOf((own, others) =>
      pointsOf(
        probed.map((problem) => share(problem, own, others)),
        { lower: 0, upper: 1, step },
      ),
    ),
    reading,
    copying: over(gain('right'), 1),
    judgement: over((problem) => gain('wrong')(problem) - gain('right')(problem), 2),
    verdict: verdictOn(reading),
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
  // Adding 0 turns -0 into 0.
  return Math.round(share * 10_000) / 100 + 0;
}

function verdictOn({ interval }: Points): ReadingVerdict {
  if (interval === null) return 'not-measured';
  if (interval.lower >= leastReading) return 'reads';
  return interval.upper < leastReading ? 'does-not-read' : 'undecided';
}
