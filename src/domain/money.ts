/** What tokens cost at an endpoint that has prices. */
import type { Prices } from '../contract/comparison';
import type { CallCounts } from '../contract/run';
import type { RunSpecification } from '../contract/specification';

/** In `prices.currency`. */
export function priceOf(tokens: Pick<CallCounts, 'promptTokens' | 'completionTokens'>, prices: Prices): number {
  return (tokens.promptTokens * prices.promptPerMillion + tokens.completionTokens * prices.completionPerMillion) / 1e6;
}

/** Prices of the one endpoint a run asks; none where members ask several, since tokens are counted over all of them. */
export function runPrices(
  { model }: Pick<RunSpecification, 'model'>,
  prices: (endpoint: string) => Prices | undefined,
): Prices | undefined {
  const others = (model.members ?? []).some(({ endpoint }) => endpoint !== undefined && endpoint !== model.endpoint);
  return others ? undefined : prices(model.endpoint);
}
