/** The intervention's result in words (measures.md): one sentence for terminal and page, and a warning if needed. */
import type { CriticReading, Points } from '../../contract/critic-reading';
import { leastReading } from '../../domain/measures/critic-reading';

const showNothing = 'cannot show or refute anything about debating, summaries, critics or rounds';

export function readingSentence(found: CriticReading): string {
  const { reading, copying, problems, problemsAsked } = found;
  const measured = `reading is ${inPoints(reading)}, copying ${inPoints(copying)}`;
  switch (found.verdict) {
    case 'reads':
      return `Its critics use what they read: ${measured}. ${onJudgement(found)}`;
    case 'does-not-read':
      return `Its critics do not use what they read: ${measured}. Critics whose reading is below ${leastReading} points ${showNothing}.`;
    case 'undecided':
      return `Whether its critics use what they read is open: ${measured}, and the interval of the reading reaches below ${leastReading} points. Until more problems settle it, results made with them ${showNothing}.`;
    case 'not-measured':
      return `Whether its critics use what they read could not be measured: ${problems} of ${problemsAsked} problems had three right and three wrong first answers. Results made with them ${showNothing}.`;
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
export function inPoints({ points, standardError, interval }: Points): string {
  if (points === null) return 'not measured';
  const error = standardError === null ? '' : `\u00a0±\u00a0${shown(standardError)}`;
  const range = interval === null ? '' : ` (95\u00a0% interval ${shown(interval.lower)} to ${shown(interval.upper)})`;
  return `${shown(points)}${error} points${range}`;
}

/** With a minus sign as elsewhere; without a plus, since these are not differences of two methods. */
function shown(value: number): string {
  const digits = Math.abs(value).toFixed(1);
  return value < 0 && digits !== '0.0' ? `\u2212${digits}` : digits;
}
