/** What tokens cost at an endpoint that has prices. */
import type { Prices } from '../contract/comparison';
import type { CallCounts } from '../contract/run';

/** In `prices.currency`. */
export function priceOf(tokens: Pick<CallCounts, 'promptTokens' | 'completionTokens'>, prices: Prices): number {
  return (tokens.promptTokens * prices.promptPerMillion + tokens.completionTokens * prices.completionPerMillion) / 1e6;
}

/** Prices of a run's one endpoint; undefined if it asks several, since tokens are counted over all of them. */
export function runPrices(
  [endpoint, ...others]: readonly string[],
  prices: (endpoint: string) => Prices | undefined,
): Prices | undefined {
  return endpoint === undefined || others.length > 0 ? undefined : prices(endpoint);
}
