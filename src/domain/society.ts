/** Societies as values: the untuned one, and the one an iteration's finetuning makes of its predecessor. */
import type { RunSpecification } from '../contract/specification';
import type { AgentModel, Society } from '../contract/society';
import type { WeightsRecord } from '../contract/training-job';
import { servedName } from './served-name';
import { generationAgent, sharedAgent, societyAgents } from './identifiers';

/** A society before its version (the digest of everything else) has been computed. */
export type UnversionedSociety = Omit<Society, 'version'>;

/** Iteration 0: every agent is the base model. */
export function untunedSociety(runId: string, specification: RunSpecification, baseModel: string): UnversionedSociety {
  const { method, sampling } = specification;
  const untuned: AgentModel = { model: baseModel, trainedIn: 0 };
  return {
    runId,
    iteration: 0,
    members: method.members,
    rounds: method.rounds,
    agents: Object.fromEntries(societyAgents(method.members, method.rounds).map((agent) => [agent, untuned])),
    summariser: baseModel,
    promptSet: method.prompts,
    summary: method.summary,
    voteRule: 'plurality-seeded-tie',
    sampling,
  };
}

/** Iteration l: each agent has the weights its own finetuning left it with; one shared model serves all. */
export function tunedSociety(previous: Society, iteration: number, weights: WeightsRecord[]): UnversionedSociety {
  const { version: _, ...rest } = previous;
  const byAgent = new Map(weights.map((record) => [record.agent, record]));
  const agents = Object.entries(previous.agents).map(([agent, before]): [string, AgentModel] => {
    const record = byAgent.get(agent) ?? byAgent.get(sharedAgent);
    return [agent, record?.outcome === 'trained' ? { model: record.model, trainedIn: iteration } : before];
  });
  return { ...rest, iteration, agents: Object.fromEntries(agents) };
}

/** The model of an agent; `shared` stands for the one model of one-model methods. */
export function modelOf(society: Society, agent: string): AgentModel {
  const found = society.agents[agent === sharedAgent ? generationAgent(1) : agent];
  if (found === undefined) throw new Error(`society of iteration ${society.iteration} has no agent ${agent}`);
  return found;
}

/** The name requests for the untuned model carry; a foreign endpoint has its own names, which are used as they are. */
export function baseModelName({ model }: Pick<RunSpecification, 'model'>): string {
  return model.endpoint === embeddedEndpoint ? servedName(model.base) : model.base;
}

/** The model server that `maft up` starts. */
export const embeddedEndpoint = 'embedded';
