/** What a run cost, in tokens and money as far as they are known: an endpoint that does not count must not look free. */
import type { Prices } from '../contract/comparison';
import type { CallCounts } from '../contract/run';
import { isLowerBound, spentOn } from '../domain/counts';
import { priceOf } from '../domain/money';
import { count, money } from '../pages/numbers';
import type { IterationArtifacts } from './report-input';

/** `1,234`, `≥ 1,234` if some calls' tokens are unknown, `unknown` if all are. */
export function promptTokensText({ calls, promptTokens, withoutPromptTokens }: CallCounts): string {
  return knownText(count(promptTokens), { calls, without: withoutPromptTokens });
}

export function completionTokensText({ calls, completionTokens, withoutCompletionTokens }: CallCounts): string {
  return knownText(count(completionTokens), { calls, without: withoutCompletionTokens });
}

export function moneyText(counts: CallCounts, prices: Prices): string {
  const { calls, withoutPromptTokens = 0, withoutCompletionTokens = 0 } = counts;
  const without = Math.min(withoutPromptTokens, withoutCompletionTokens);
  const known = money(priceOf(counts, prices), prices.currency);
  if (isLowerBound(counts) && without < calls) return `≥\u00a0${known}`;
  return knownText(known, { calls, without });
}

function knownText(known: string, { calls, without = 0 }: { calls: number; without?: number | undefined }): string {
  if (without === 0) return known;
  return without >= calls ? 'unknown' : `≥\u00a0${known}`;
}

/**
 * The calls by which critics were asked again, by iteration where any were made: all of them, lost ones included, and those
 * that another run had made. Measures count them, stages do not.
 */
export function probingCosts(
  iterations: readonly Pick<IterationArtifacts, 'iteration' | 'measures'>[],
): { iteration: number; counts: CallCounts; reused: CallCounts }[] {
  return iterations.flatMap(({ iteration, measures }) => {
    const cost = measures?.cost.criticReading;
    if (cost === undefined) return [];
    const counts = spentOn(cost);
    return counts.calls === 0 ? [] : [{ iteration, counts, reused: cost.reused }];
  });
}
