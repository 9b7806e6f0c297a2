/** The intervention's result in words (measures.md): one sentence for terminal and page, and a warning if needed. */
import type { CriticReading, Points } from '../contract/critic-reading';
import { leastReading } from '../domain/measures/critic-reading';
import { capitalised } from './numbers';

const showNothing = 'cannot show or refute anything about debating, summaries, critics or rounds';

/** @param critics Whose reading it is, as it stands in a sentence: `its critics`. */
export function readingSentence(found: CriticReading, critics = 'its critics'): string {
  const { reading, copying, problems, problemsAsked } = found;
  const measured = `reading is ${inPoints(reading)}, copying ${inPoints(copying)}`;
  switch (found.verdict) {
    case 'reads':
      return `${capitalised(critics)} use what they read: ${measured}. ${onJudgement(found)}`;
    case 'does-not-read':
      return `${capitalised(critics)} do not use what they read: ${measured}. Critics whose reading is below ${leastReading} points ${showNothing}.`;
    case 'undecided':
      return `Whether ${critics} use what they read is open: ${measured}, and the interval of the reading reaches below ${leastReading} points. Until more problems settle it, results made with them ${showNothing}.`;
    case 'not-measured':
      return `Whether ${critics} use what they read could not be measured: ${problems} of ${problemsAsked} problems had three right and three wrong first answers. Results made with them ${showNothing}.`;
  }
}

/** Equal reading and copying is conformity: the critic takes over whatever the others say. */
function onJudgement({ judgement }: CriticReading): string {
  const isJudged = judgement.interval !== null && judgement.interval.lower > 0;
  return isJudged
    ? `Right answers of others move them more than wrong ones do: reading exceeds copying by ${inPoints(judgement)}.`
    : `That reading exceeds copying is not shown (${inPoints(judgement)}): it may be conformity rather than judgement.`;
}

/** `21.6 ± 3.3 points (95 % interval 15.1 to 28.1)` */
export function inPoints(measured: Points): string {
  if (measured.points === null) return 'not measured';
  const interval = intervalText(measured);
  return `${withError(measured)} points${interval === null ? '' : ` (95\u00a0% interval ${interval})`}`;
}

/** `21.6 ± 3.3` */
export function withError({ points, standardError }: Points): string {
  if (points === null) return '–';
  return standardError === null ? shown(points) : `${shown(points)}\u00a0±\u00a0${shown(standardError)}`;
}

/** `15.1 to 28.1` */
export function intervalText({ interval }: Points): string | null {
  return interval === null ? null : `${shown(interval.lower)} to ${shown(interval.upper)}`;
}

/** With a minus sign as elsewhere; without a plus, since these are not differences of two methods. */
function shown(value: number): string {
  const digits = Math.abs(value).toFixed(1);
  return value < 0 && digits !== '0.0' ? `\u2212${digits}` : digits;
}
