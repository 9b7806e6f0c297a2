/** Whether a line takes the society of a run: its gate applied to the evidence, with the reason as a sentence. */
import type { PromotionEvidence, PromotionSettings, PromotionVerdict } from '../../contract/line';
import { isClear } from '../evidence/clear';
import { lowestDifference, type PairedComparison } from '../statistics';
import { barAtLook, errorAtLook } from './spending';

export interface Verdict {
  verdict: PromotionVerdict;
  why: string;
}

/** Whether the gate looks at the held-out answers, which spends some of its error. */
export function isTest({ gate }: Pick<PromotionSettings, 'gate'>): boolean {
  return gate === 'better' || gate === 'not-worse';
}

/** What a look at the held-out answers allows: the bar, and how low the difference may be. */
export function termsOfLook(
  { gate }: Pick<PromotionSettings, 'gate'>,
  { look, comparison }: Pick<PromotionEvidence, 'look' | 'comparison'>,
): Pick<PromotionEvidence, 'bar' | 'lowest'> {
  if (look === null || comparison === null) return { bar: null, lowest: null };
  if (gate === 'better') return { bar: barAtLook(look), lowest: null };
  return { bar: null, lowest: lowestDifference(comparison, errorAtLook(look)) };
}

/** Guards come first: no gate lets a collapsing society through. */
export function judgePromotion(evidence: PromotionEvidence, { guards }: Pick<PromotionSettings, 'guards'>): Verdict {
  const { gate, findings } = evidence;
  if (gate === 'never') return keep('the line promotes by hand only (promotion.gate: never)');
  if (guards && findings.length > 0) return keep(`a sign of collapse forbids it: ${findings.join('; ')}`);
  if (gate === 'approval') return { verdict: 'ask', why: 'people decide (promotion.gate: approval)' };
  if (evidence.comparison === null) return keep('the two have no held-out answers in common');
  return gate === 'better' ? judgeBetter(evidence, evidence.comparison) : judgeNotWorse(evidence);
}

function judgeBetter({ look, bar }: PromotionEvidence, comparison: PairedComparison): Verdict {
  const { difference, pValue } = comparison;
  const limit = `look ${look} at these held-out problems asks for p < ${shortNumber(bar ?? 0)}`;
  if (difference > 0 && isClear(comparison, bar ?? 0)) {
    return { verdict: 'promote', why: `it is clearly better; ${limit}, and p = ${shortNumber(pValue)}` };
  }
  return keep(
    difference > 0 ? `not clearly better: ${limit}, and p = ${shortNumber(pValue)}` : 'it is not right more often',
  );
}

function judgeNotWorse({ lowest, margin, look }: PromotionEvidence): Verdict {
  const least = `at look ${look} it may be as much as ${inPoints(-(lowest ?? -1))} worse`;
  if (lowest !== null && lowest > -margin) {
    return { verdict: 'promote', why: `it is not worse: ${least}, less than the margin of ${inPoints(margin)}` };
  }
  return keep(`${least}, and the margin is ${inPoints(margin)}`);
}

function keep(why: string): Verdict {
  return { verdict: 'keep', why };
}

function inPoints(share: number): string {
  return `${(100 * Math.max(0, share)).toFixed(1)} points`;
}

/** Two significant digits: a bar of 0.000071 must not read as 0.000. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(2)));
}
