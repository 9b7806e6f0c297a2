/** A cap in money means something only where every endpoint that is asked has prices, in that money. */
import type { Prices } from '../contract/comparison';
import type { RunSpecification } from '../contract/specification';
import { baseModels, embeddedEndpoint } from '../domain/society';

/** Every endpoint that a run asks for completions, scores or embeddings. */
export function endpointsOf(specification: RunSpecification): string[] {
  const { scorer, embedding } = specification.evaluation;
  const named = [...baseModels(specification), specification.model, scorer, embedding];
  return [...new Set(named.flatMap((each) => each?.endpoint ?? []))];
}

/** One sentence per endpoint that `limits.usd` cannot be counted at; empty without that cap. */
export function pricingProblems(
  specification: RunSpecification,
  prices: (endpoint: string) => Prices | undefined,
): string[] {
  if (specification.limits.usd === undefined) return [];
  return endpointsOf(specification).flatMap((endpoint) => {
    const where = endpoint === embeddedEndpoint ? 'server.prices' : `endpoints.${endpoint}.prices`;
    const known = prices(endpoint);
    const cure = `set ${where} in config.yaml (promptPerMillion, completionPerMillion), or limit tokens or calls instead`;
    if (known === undefined)
      return [`limits.usd: what the endpoint "${endpoint}" costs is unknown, so money cannot be limited: ${cure}`];
    if (known.currency === 'USD') return [];
    return [
      `limits.usd: the prices of the endpoint "${endpoint}" are in ${known.currency}, and this is in USD: ${cure}`,
    ];
  });
}
