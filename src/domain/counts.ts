/** Sums of model calls and tokens. A figure that an endpoint did not report is unknown, never 0. */
import type { CallCounts, ShardOutcome } from '../contract/run';
import type { CompletionEnd, Usage } from '../contract/transcript';
import { endingOf } from './finish-reasons';

export const unknownUsage: Usage = { promptTokens: null, completionTokens: null };

export const noCounts: CallCounts = { calls: 0, promptTokens: 0, completionTokens: 0 };

/** Most names of endings counted separately: an endpoint may report a new one each time; histories hold them. */
const mostEndings = 20;

const furtherEndings = 'ended as others';

export function addCounts(first: CallCounts, ...others: CallCounts[]): CallCounts {
  return others.reduce((sum, counts) => combined(sum, counts, 1), first);
}

/** What a shard has cost, lost calls included. */
export function spentOn({ counts, lost = noCounts }: Pick<ShardOutcome, 'counts' | 'lost'>): CallCounts {
  return addCounts(counts, lost);
}

/** @param part A part of `counts`. */
export function subtractCounts(counts: CallCounts, part: CallCounts): CallCounts {
  return combined(counts, part, -1);
}

function combined(left: CallCounts, right: CallCounts, sign: 1 | -1): CallCounts {
  const of = (name: Exclude<keyof CallCounts, 'endings'>) => (left[name] ?? 0) + sign * (right[name] ?? 0);
  const withoutPromptTokens = of('withoutPromptTokens');
  const withoutCompletionTokens = of('withoutCompletionTokens');
  const endings = combinedEndings(left.endings, right.endings, sign);
  return {
    calls: of('calls'),
    promptTokens: of('promptTokens'),
    completionTokens: of('completionTokens'),
    ...(withoutPromptTokens === 0 ? {} : { withoutPromptTokens }),
    ...(withoutCompletionTokens === 0 ? {} : { withoutCompletionTokens }),
    ...(endings === undefined ? {} : { endings }),
  };
}

function combinedEndings(left: CallCounts['endings'], right: CallCounts['endings'], sign: 1 | -1) {
  if (right === undefined) return left;
  const sums = new Map(Object.entries(left ?? {}));
  for (const [name, number] of Object.entries(right)) {
    const counted = sums.has(name) || sums.size < mostEndings ? name : furtherEndings;
    sums.set(counted, (sums.get(counted) ?? 0) + sign * number);
  }
  const remaining = [...sums].filter(([, number]) => number > 0);
  return remaining.length === 0 ? undefined : Object.fromEntries(remaining);
}

/** Usage of the calls of one turn: its response and its summary, if it has one. */
export function usagesOf({ usage, summary }: { usage: Usage; summary?: { usage: Usage } | undefined }): Usage[] {
  return summary === undefined ? [usage] : [usage, summary.usage];
}

/** Counts of calls by their usage alone. */
export function countUsages(usages: readonly Usage[]): CallCounts {
  return addCounts(noCounts, ...usages.map(countOf));
}

/** Counts of calls, with the number of each unusual ending. */
export function countAnswers(answers: readonly (CompletionEnd & { response: string; usage: Usage })[]): CallCounts {
  const counted = answers.map((answer): CallCounts => {
    const ending = endingOf(answer);
    return { ...countOf(answer.usage), ...(ending === undefined ? {} : { endings: { [ending]: 1 } }) };
  });
  return addCounts(noCounts, ...counted);
}

function countOf({ promptTokens, completionTokens }: Usage): CallCounts {
  return {
    calls: 1,
    promptTokens: promptTokens ?? 0,
    completionTokens: completionTokens ?? 0,
    ...(promptTokens === null ? { withoutPromptTokens: 1 } : {}),
    ...(completionTokens === null ? { withoutCompletionTokens: 1 } : {}),
  };
}

/** Whether models were asked and no tokens are known: some endpoints do not count them. */
export function isUncounted({ calls, promptTokens, completionTokens }: CallCounts): boolean {
  return calls > 0 && promptTokens + completionTokens === 0;
}

/** Whether some calls' tokens are unknown, so sums and money are lower bounds. */
export function isLowerBound({ withoutPromptTokens = 0, withoutCompletionTokens = 0 }: CallCounts): boolean {
  return withoutPromptTokens + withoutCompletionTokens > 0;
}
