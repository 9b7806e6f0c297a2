/** What is said of a promotion: asked of people, shown in the workflow's details, and first in the report. */
import type { PromotionDecision, PromotionEvidence } from '../../contract/line';

/** `monday@1 against base on 200 held-out problems: +12.0 points, 95 % interval +5.0 to +19.0, p = 0.0015, look 3`. */
export function evidenceSentence(evidence: PromotionEvidence): string {
  const { candidate, parent, heldOut, comparison, agreement, look, findings } = evidence;
  const sides = `${candidate} against ${parent.society} on ${heldOut.problems} held-out problems`;
  const signs = findings.length === 0 ? '' : `; signs of collapse: ${findings.join('; ')}`;
  if (comparison === null) {
    const shares = [agreement.candidate, agreement.parent].map((share) =>
      share === null ? 'unknown' : percent(share),
    );
    return `${sides}, which have no reference answers: the members agree on ${shares[0]}, before on ${shares[1]}${signs}`;
  }
  const { difference, interval, pValue } = comparison;
  const range = `95 % interval ${points(interval.lower)} to ${points(interval.upper)}`;
  const nth = look === null ? '' : `, look ${look}`;
  return `${sides}: ${points(difference)} points, ${range}, p = ${Number(pValue.toPrecision(2))}${nth}${signs}`;
}

/** `Promoted to version 2 of line maths: it is clearly better; …`, or `Not promoted …`. */
export function decisionSentence(
  decision: Pick<PromotionDecision, 'promoted' | 'why' | 'version' | 'evidence'>,
): string {
  const { promoted, why, version, evidence } = decision;
  const what = promoted
    ? `Promoted to version ${version} of line ${evidence.line}`
    : `Not promoted on line ${evidence.line}`;
  return `${what}: ${why}.`;
}

function points(share: number): string {
  return `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
