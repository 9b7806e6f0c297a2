/** Counts of stored completions. */
import type { StoredCompletion } from '../contract/completion';
import type { CallCounts } from '../contract/run';
import { addCounts, countAnswers, noCounts } from './counts';

/** Calls and tokens of completions, new or found, and anything unusual about them. */
export function countCompletions(completions: readonly StoredCompletion[]): CallCounts {
  const withoutOwn = completions.filter(({ askedWithoutEmptyAnswer }) => askedWithoutEmptyAnswer).length;
  const remarked = { ...noCounts, endings: { 'asked without empty answer': withoutOwn } };
  return addCounts(countAnswers(completions), ...(withoutOwn === 0 ? [] : [remarked]));
}
