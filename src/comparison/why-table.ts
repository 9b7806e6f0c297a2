/** What lies behind the accuracies, as cells for the page and the terminal: `before → after finetuning`. */
import { measureCatalogue, type MeasureDescription } from '../domain/measures';
import type { ExplainedValues, Explanation } from './explanations';

interface Column {
  head: string;
  /** What it is, for the note below or above its table. */
  says: string;
  of: (values: ExplainedValues) => number | null;
  format: (value: number) => string;
}

const share = (value: number) => (100 * value).toFixed(1);
const small = (value: number) => value.toFixed(4);
const described = ({ label, unit, direction }: MeasureDescription) => `${label} (${unit}): ${direction}.`;

/** In percent. */
export const debateColumns: readonly Column[] = [
  {
    head: 'first answers',
    says: 'First and last answers: each member’s own that are right.',
    of: ({ firstAnswers }) => firstAnswers,
    format: share,
  },
  { head: 'last answers', says: '', of: ({ lastAnswers }) => lastAnswers, format: share },
  {
    head: 'any member',
    says: 'Any member: problems that at least one gets right in the last round; the further above the last answers, the more a vote can gain.',
    of: ({ anyRight }) => anyRight,
    format: share,
  },
  {
    head: 'agreement',
    says: 'Agreement: lower is more diverse.',
    of: ({ agreement }) => agreement,
    format: share,
  },
  {
    head: 'mended',
    says: 'Mended and spoilt: critics’ answers that went from wrong to right, and back.',
    of: ({ mended }) => mended,
    format: share,
  },
  { head: 'spoilt', says: '', of: ({ spoilt }) => spoilt, format: share },
  {
    head: 'wrong consensus',
    says: 'Wrong consensus: of the last iteration’s training examples.',
    of: ({ wrongConsensus }) => wrongConsensus,
    format: share,
  },
];

export const diversityColumns: readonly Column[] = [
  {
    head: 'dissimilarity',
    says: described(measureCatalogue.embedding),
    of: ({ dissimilarity }) => dissimilarity,
    format: small,
  },
  {
    head: 'held-out likelihood',
    says: described(measureCatalogue.heldOutLikelihood),
    of: ({ heldOutLikelihood }) => heldOutLikelihood,
    format: small,
  },
  {
    head: 'KL between agents',
    says: described(measureCatalogue.klBetweenAgents),
    of: ({ klBetweenAgents }) => klBetweenAgents,
    format: small,
  },
  {
    head: 'KL from base',
    says: described(measureCatalogue.klFromBase),
    of: ({ klFromBase }) => klFromBase,
    format: small,
  },
  {
    head: 'tokens per response',
    says: '',
    of: ({ tokensPerResponse }) => tokensPerResponse,
    format: (value) => value.toFixed(1),
  },
];

/** Columns that anybody has a value in. */
export function filledColumns(explanations: readonly Explanation[], columns: readonly Column[]): Column[] {
  return columns.filter(({ of }) =>
    explanations.some((each) => [each.before, each.after].some((values) => values !== null && of(values) !== null)),
  );
}

/** `62.0 → 89.3`, `62.0` where nothing is trained, `–` where nothing was measured. */
export function whyCells({ before, after }: Explanation, columns: readonly Column[]): string[] {
  return columns.map(({ of, format }) => {
    const texts = [before, after].flatMap((values) => {
      const value = values === null ? null : of(values);
      return value === null ? [] : [format(value)];
    });
    return texts.length === 0 ? '–' : texts.join(' → ');
  });
}

/** @param opening What holds for all columns. */
export function whyNote(columns: readonly Column[], opening: string): string {
  const says = columns.map((column) => column.says).filter((text) => text !== '');
  return [
    `${opening}, mean over the seeds, before → after finetuning (one value where a run trains nobody).`,
    ...says,
  ].join(' ');
}
