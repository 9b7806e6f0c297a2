/** Sums of model calls and tokens. */
import type { CallCounts } from '../contract/run';

export const noCounts: CallCounts = { calls: 0, promptTokens: 0, completionTokens: 0 };

export function addCounts(first: CallCounts, ...others: CallCounts[]): CallCounts {
  return others.reduce(
    (sum, counts) => ({
      calls: sum.calls + counts.calls,
      promptTokens: sum.promptTokens + counts.promptTokens,
      completionTokens: sum.completionTokens + counts.completionTokens,
    }),
    first,
  );
}

/** @param part Of `counts`. */
export function subtractCounts(counts: CallCounts, part: CallCounts): CallCounts {
  return {
    calls: counts.calls - part.calls,
    promptTokens: counts.promptTokens - part.promptTokens,
    completionTokens: counts.completionTokens - part.completionTokens,
  };
}

/** Whether models were asked and nobody said how many tokens that took: some endpoints do not. */
export function isUncounted({ calls, promptTokens, completionTokens }: CallCounts): boolean {
  return calls > 0 && promptTokens + completionTokens === 0;
}
