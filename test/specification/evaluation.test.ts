/** What `evaluateSociety` is started with, over the settings of the society's own run. */
import type { RunRecord } from '../../src/contract/run';
import type { Society } from '../../src/contract/society';
import { resolveSpecification } from '../../src/specification';
import { evaluationSpecification, parseEvaluationRequest } from '../../src/specification/evaluation';

const written = {
  name: 'own',
  task: { kind: 'arithmetic', max: 10, train: 20, eval: 20 },
  model: { base: 'models/tiny-arithmetic' },
  method: 'no-interaction',
  evaluation: { votes: { at: 'never' }, baselines: ['base'], measuredProblems: 50 },
};
const record = { written, specification: resolveSpecification(written).specification } as unknown as RunRecord;
const society = { runId: 'own', iteration: 2 } as Society;

const resolved = (asked: object) => {
  const request = parseEvaluationRequest({ society: 'own@2', ...asked });
  return resolveSpecification(evaluationSpecification(request, { society, record })).specification;
};

test('an evaluation changes what it names, and no default takes the place of the rest', () => {
  const own = resolveSpecification(written).specification.evaluation;
  const { evaluation } = resolved({ evaluation: { measures: ['agreement'] } });
  expect(evaluation).toEqual({ ...own, measures: ['agreement'] });
});

test('without settings of its own it measures as the run did', () => {
  expect(resolved({}).evaluation).toEqual(resolveSpecification(written).specification.evaluation);
});

test('a field that does not exist is refused by name', () => {
  expect(() => parseEvaluationRequest({ society: 'own', evaluation: { measure: [] } })).toThrow(/evaluation\.measure/);
});
