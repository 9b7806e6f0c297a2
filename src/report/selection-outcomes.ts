/** The outcomes of selection in the order in which they are shown, each with its colour. */
import { rejectionOutcomes, type SelectionOutcome, type SelectionReport } from '../contract/training';

export const selectedOutcomes: readonly SelectionOutcome[] = [
  'selected as generation',
  'selected as corrected',
  'selected as consistent',
  'selected as majority',
  'selected as own',
  'selected as hinted',
  'selected as undesirable',
];

/** Selected ones first, then the reasons in the order in which they apply. */
const outcomeOrder: readonly SelectionOutcome[] = [...selectedOutcomes, ...rejectionOutcomes];

export function occurringOutcomes({ agents }: SelectionReport): SelectionOutcome[] {
  const known = outcomeOrder.filter((outcome) => agents.some(({ outcomes }) => (outcomes[outcome] ?? 0) > 0));
  const names = new Set(agents.flatMap(({ outcomes }) => Object.keys(outcomes)).filter(isEndedAs));
  return [...known, ...[...names].sort()];
}

/** The provider's own word for an end that is not known as good. */
function isEndedAs(outcome: string): outcome is `ended as ${string}` {
  return outcome.startsWith('ended as ');
}

const endedAsColor = 'reject-12';

const rejectionColors: Record<(typeof rejectionOutcomes)[number], string> = {
  failed: 'reject-1',
  'no-consensus': 'reject-2',
  'not-a-target': 'reject-3',
  unparsable: 'reject-4',
  disagrees: 'reject-5',
  'below-agreement': 'reject-6',
  truncated: 'reject-7',
  'too-long': 'reject-8',
  'not-sampled': 'reject-9',
  filtered: 'reject-10',
  empty: 'reject-11',
  'unknown-length': 'reject-13',
  uncontested: 'reject-14',
};

/** A colour's name in the style sheet. */
export function outcomeColorName(outcome: SelectionOutcome): string {
  const selected = selectedOutcomes.indexOf(outcome);
  if (selected >= 0) return `set-${selected + 1}`;
  return rejectionColors[outcome as (typeof rejectionOutcomes)[number]] ?? endedAsColor;
}
