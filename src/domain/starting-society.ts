/** A run that starts from another run's society instead of the untuned one (`model.society`). */
import type { RunSpecification } from '../contract/specification';
import type { Society } from '../contract/society';
import { canonicalJson } from './digests';
import { baseOf, untunedSociety, withoutCommit, type BaseOfAgent, type UnversionedSociety } from './society';

/** The society of iteration 0: the specification's own prompts, rules and sampling, with the weights of `source`. */
export function startingSociety(runId: string, specification: RunSpecification, source: Society): UnversionedSociety {
  const untuned = untunedSociety(runId, specification);
  const agents = Object.entries(untuned.agents).map(([agent, before]) => [agent, source.agents[agent] ?? before]);
  return { ...untuned, agents: Object.fromEntries(agents) as Society['agents'] };
}

/** Why a specification cannot start from a society, one line per problem; `theirs` is the one it was made with. */
export function misfits(specification: RunSpecification, source: Society, theirs: RunSpecification): string[] {
  const { agents } = untunedSociety(source.runId, specification);
  const names = Object.keys(agents);
  const missing = names.filter((agent) => source.agents[agent] === undefined);
  if (missing.length > 0) {
    return [
      `model.society: ${source.runId} has no ${missing.join(', ')}; it has ${Object.keys(source.agents).join(', ')} ` +
        '(method.members and method.rounds decide who is needed)',
    ];
  }
  const otherBase = names.find((agent) => !isSameBase(baseOf(specification, agent), baseOf(theirs, agent)));
  if (otherBase !== undefined) {
    const { base, endpoint } = baseOf(theirs, otherBase);
    return [
      `model.base: ${otherBase} of ${source.runId} is made of ${JSON.stringify(base)} at endpoint "${endpoint}"; give the same`,
    ];
  }
  return specification.iterations === 0 ? [] : trainingMisfits(specification, source, theirs);
}

/** A run that only measured weights served elsewhere did not ask for their commit: then the name has to do. */
function isSameBase(own: BaseOfAgent, theirs: BaseOfAgent): boolean {
  return own.endpoint === theirs.endpoint && (own.base === theirs.base || withoutCommit(own.base) === theirs.base);
}

/** Misfits that matter only if the society is trained further. */
function trainingMisfits(specification: RunSpecification, source: Society, theirs: RunSpecification): string[] {
  const { finetuning, method } = specification;
  const isTuned = Object.values(source.agents).some(({ trainedIn }) => trainedIn > 0);
  const isSame = canonicalJson(finetuning.weights) === canonicalJson(theirs.finetuning.weights);
  if (isTuned && finetuning.from === 'previous' && !isSame) {
    const wanted = JSON.stringify(theirs.finetuning.weights);
    return [`finetuning.weights: ${source.runId} was tuned with ${wanted}; give the same, or finetuning.from "base"`];
  }
  const models = new Set(Object.values(source.agents).map(({ model }) => model));
  if (method.weights === 'one' && models.size > 1 && finetuning.from === 'previous') {
    return [
      `method.weights: "one" model cannot go on from the ${models.size} models of ${source.runId}; finetuning.from "base" learns from them`,
    ];
  }
  return [];
}
