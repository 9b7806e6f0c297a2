/** Money can only be limited where every endpoint has prices, in US dollars. */
import { resolveSpecification } from '../../src/specification';
import { pricingProblems } from '../../src/specification/priced';

const specified = (changes: object = {}) =>
  resolveSpecification({
    task: { kind: 'arithmetic', train: 2, eval: 2 },
    model: { base: 'b', endpoint: 'hosted' },
    limits: { usd: 5 },
    ...changes,
  }).specification;
const dollars = { promptPerMillion: 1, completionPerMillion: 2, currency: 'USD' };

test('an endpoint without prices, and one in another currency, are refused with the cure', () => {
  expect(pricingProblems(specified(), () => undefined)).toEqual([
    'limits.usd: what the endpoint "hosted" costs is unknown, so money cannot be limited: set endpoints.hosted.prices in ' +
      'config.yaml (promptPerMillion, completionPerMillion), or limit tokens or calls instead',
  ]);
  expect(pricingProblems(specified(), () => ({ ...dollars, currency: 'EUR' }))[0]).toMatch(
    /are in EUR, and this is in USD/,
  );
  const embedded = specified({ model: { base: 'b' } });
  expect(pricingProblems(embedded, () => undefined)[0]).toMatch(/set server\.prices in config\.yaml/);
});

test('scorers and embedding models count, and without a limit in money nothing is asked of prices', () => {
  const evaluation = { embedding: { model: 'e', endpoint: 'other' } };
  const prices = (endpoint: string) => (endpoint === 'hosted' ? dollars : undefined);
  expect(pricingProblems(specified({ evaluation }), prices)).toHaveLength(1);
  expect(pricingProblems(specified(), prices)).toEqual([]);
  expect(pricingProblems(specified({ limits: { calls: 9000 } }), () => undefined)).toEqual([]);
});
