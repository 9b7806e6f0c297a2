/** The outcomes of selection in the order in which they are shown, each with its colour. */
import { rejectionOutcomes } from '../contract/training';
import type { SelectionOutcome, SelectionReport } from '../contract/training';

export const selectedOutcomes: readonly SelectionOutcome[] = [
  'selected as generation',
  'selected as corrected',
  'selected as consistent',
  'selected as majority',
  'selected as own',
  'selected as hinted',
];

/** Selected ones first, then the reasons in the order in which they apply. */
const outcomeOrder: readonly SelectionOutcome[] = [...selectedOutcomes, ...rejectionOutcomes];

export function occurringOutcomes({ agents }: SelectionReport): SelectionOutcome[] {
  return outcomeOrder.filter((outcome) => agents.some(({ outcomes }) => (outcomes[outcome] ?? 0) > 0));
}

/** A colour's name in the style sheet. */
export function outcomeColorName(outcome: SelectionOutcome): string {
  const selected = selectedOutcomes.indexOf(outcome);
  if (selected >= 0) return `set-${selected + 1}`;
  return `reject-${outcomeOrder.indexOf(outcome) - selectedOutcomes.length + 1}`;
}
