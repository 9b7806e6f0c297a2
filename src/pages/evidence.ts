/** Makes all sentences about accuracies and their differences: for runs, comparisons, claims and the terminal. */
import type { ModeResult } from '../contract/evaluation';
import { clarityOf, type Compared } from '../domain/evidence/clear';
import type { SeedsComparison } from '../domain/evidence/seeds-comparison';
import { wilsonInterval } from '../domain/statistics';
import { count, counted, percent, percentInterval, points, pointsInterval, pValue } from './numbers';

/** `66.0 % (95 % interval 61.7 % to 70.0 %, n = 500)` */
export function accuracyText({
  accuracy,
  correct,
  problems: n,
}: Pick<ModeResult, 'accuracy' | 'correct' | 'problems'>) {
  return `${percent(accuracy)} (95\u00a0% interval ${percentInterval(wilsonInterval({ correct, n }))}, n\u00a0=\u00a0${count(n)})`;
}

/** `+10.2 points, ` followed by the evidence. */
export function differenceText(compared: Compared): string {
  return `${points(compared.difference)} points, ${evidenceText(compared)}`;
}

/**
 * For one run `95 % interval +6.2 to +14.1, McNemar p < 0.001, n = 500`; over seeds `95 % interval +12.5 to +23.5 over
 * 1,200 problems, +15.1 to +20.9 over 3 seeds`; with fewer than three seeds only the first, labelled as such: `over the
 * 800 problems of 2 seeds, McNemar p < 0.001`.
 */
export function evidenceText(compared: Compared): string {
  const isOverSeeds = 'withinSeeds' in compared;
  const { interval, n, pValue: p } = isOverSeeds ? compared.withinSeeds : compared;
  const within = `95\u00a0% interval ${pointsInterval(interval)}`;
  if (!isOverSeeds) return `${within}, McNemar ${pValue(p)}, n\u00a0=\u00a0${count(n)}`;
  const { overSeeds, seeds } = compared;
  if (overSeeds.interval !== null)
    return `${within} over ${count(n)} problems, ${pointsInterval(overSeeds.interval)} over ${overSeeds.n} seeds`;
  return `${within} over the ${counted(n, 'problem')} of ${counted(seeds.length, 'seed')}, McNemar ${pValue(p)}`;
}

/** `“A” beats “B” (+18.0 points, …).` */
export function againstSentence([first, second]: [string, string], compared: Compared): string {
  const isAhead = compared.difference > 0;
  const which = isAhead ? 'ahead of' : 'behind';
  const verb = {
    'any-seed': isAhead ? 'beats' : 'loses to',
    'these-seeds': `is ${which}`,
    nothing: 'is not clearly different from',
  }[clarityOf(compared)];
  return `“${first}” ${verb} “${second}”${reservation(compared)} (${differenceText(compared)}).`;
}

function reservation(compared: Compared): string {
  if (clarityOf(compared) !== 'these-seeds') return '';
  return ` ${forTheseSeeds(compared as SeedsComparison)}, which shows nothing of another`;
}

export interface Contender {
  /** As it stands in a sentence, in quotation marks. */
  name: string;
  /** 0..1 */
  accuracy: number;
}

/** `“A” wins with 92.0 %, clearly ahead of “B” with 83.0 % (+9.0 points, …)`, without a full stop. */
export function winnerText(
  [first, second]: [Contender, Contender],
  compared: Compared | null,
  style: 'briefly' | 'with evidence' = 'with evidence',
): string {
  const [accuracy, runnerUp] = [percent(first.accuracy), `${second.name} with ${percent(second.accuracy)}`];
  if (compared === null) return `${first.name} is highest with ${accuracy}; next is ${runnerUp}`;
  const clarity = clarityOf(compared);
  const lead = {
    'any-seed': 'clearly ahead of',
    'these-seeds': `${forTheseSeeds(compared as SeedsComparison)} ahead of`,
    nothing: 'not clearly ahead of',
  }[clarity];
  const sentence =
    compared.difference === 0
      ? `${first.name} and ${second.name} are level with ${accuracy}`
      : `${first.name} ${clarity === 'any-seed' ? 'wins' : 'is highest'} with ${accuracy}, ${lead} ${runnerUp}`;
  return style === 'briefly' ? sentence : `${sentence} (${differenceText(compared)})`;
}

export function forTheseSeeds({ seeds }: Partial<SeedsComparison>): string {
  return seeds?.length === 1 ? 'for this seed' : 'for these seeds';
}
