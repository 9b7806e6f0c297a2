/** Which untuned models the models of a society come from, and who serves them. */
import { untunedModels } from '../../activities/scoring';
import type { AgentModel } from '../../src/contract/society';
import { tunedSociety, untunedSociety } from '../../src/domain/society';
import type { WeightsRecord } from '../../src/contract/training-job';
import { resolveSpecification } from '../../src/specification';

const { specification } = resolveSpecification({
  task: { kind: 'arithmetic', max: 10, train: 4, eval: 4 },
  model: { base: 'a', members: [{ base: 'a' }, { base: 'b' }, { base: 'c', endpoint: 'elsewhere' }] },
});
const untuned = { ...untunedSociety('source', specification), version: '0' };
const weights = Object.keys(untuned.agents).map((agent): WeightsRecord => ({
  agent,
  iteration: 1,
  model: `tuned-${agent}`,
  outcome: 'trained',
}));
const tuned = { ...tunedSociety(untuned, 1, weights), version: '1' };

test.each([
  ['a run that began with untuned models', untuned],
  ['a run that began with the society of an earlier one', tuned],
])('of %s, each agent counts from its own base', (_, first) => {
  const models = untunedModels({ specification }, { first, scored: tuned });
  const modelOf = (agent: string) => (tuned.agents[agent] as AgentModel).model;
  const bases = ['a', 'b', 'c'];
  for (const [index, base] of bases.entries()) {
    const agent = `generation-${index + 1}`;
    expect(models.baseOf(agent)).toBe(base);
    expect(models.tokenizerOf(modelOf(agent))).toBe(base);
    expect(models.endpointOf(base)).toBe(base === 'c' ? 'elsewhere' : 'embedded');
    expect(models.endpointOf(modelOf(agent))).toBe(base === 'c' ? 'elsewhere' : 'embedded');
  }
});
