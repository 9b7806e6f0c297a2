/** Societies as values: the untuned one, and the one an iteration's finetuning makes of its predecessor. */
import type { RunSpecification } from '../contract/specification';
import type { AgentModel, Society, StoredSociety } from '../contract/society';
import type { WeightsRecord } from '../contract/training-job';
import { societySize, speakingAgents } from './debate-rules';
import { generationAgent, sharedAgent } from './identifiers';

/** A society before its version (the digest of everything else) has been computed. */
export type UnversionedSociety = Omit<Society, 'version'>;

/** Iteration 0: every agent is its base model. */
export function untunedSociety(runId: string, specification: RunSpecification): UnversionedSociety {
  const { method, sampling } = specification;
  const size = societySize(specification);
  const agents = speakingAgents({ ...size, critics: method.critics });
  return {
    runId,
    iteration: 0,
    ...size,
    agents: Object.fromEntries(agents.map((agent) => [agent, untunedModel(specification, agent)])),
    summariser: baseModelName(specification),
    promptSet: method.prompts,
    instructions: method.instructions,
    critics: method.critics,
    summary: method.summary,
    summaryShowsQuestion: method.summaryShowsQuestion,
    voteRule: 'plurality-seeded-tie',
    sampling,
  };
}

/** Iteration l: each agent has the weights its own finetuning left it with; one shared model serves all. */
export function tunedSociety(previous: Society, iteration: number, weights: WeightsRecord[]): UnversionedSociety {
  const { version: _, ...rest } = previous;
  const byAgent = new Map(weights.map((record) => [record.agent, record]));
  // Agents without their own weights, untuned critics among them, stay what they are.
  const agents = Object.entries(previous.agents).map(([agent, before]): [string, AgentModel] => {
    const record = byAgent.get(agent) ?? byAgent.get(sharedAgent);
    if (record?.outcome !== 'trained') return [agent, before];
    return [agent, { model: record.model, trainedIn: iteration, endpoint: record.endpoint ?? before.endpoint }];
  });
  return { ...rest, iteration, agents: Object.fromEntries(agents) };
}

/** The model of an agent; `shared` stands for the one model of one-model methods. */
export function modelOf(society: Pick<Society, 'agents' | 'iteration'>, agent: string): AgentModel {
  const found = society.agents[agent === sharedAgent ? generationAgent(1) : agent];
  if (found === undefined) throw new Error(`society of iteration ${society.iteration} has no agent ${agent}`);
  return found;
}

type ModelSettings = Pick<RunSpecification, 'model'>;

/** The base model of one member, or of all: the name of its weights, and the endpoint that serves it. */
export interface BaseOfAgent {
  base: string;
  endpoint: string;
}

/** The base an agent starts from: its member's in a mixed society, else the common one. */
export function baseOf({ model }: ModelSettings, agent: string): BaseOfAgent {
  const member = Number(agent.split('-').at(-1));
  const own = model.members?.[member - 1];
  return { base: own?.base ?? model.base, endpoint: own?.endpoint ?? model.endpoint };
}

/** The base models of a run, each once: the members' and the summariser's. */
export function baseModels({ model }: ModelSettings): BaseOfAgent[] {
  const { base, endpoint, members = [] } = model;
  const all = [{ base, endpoint }, ...members.map((member) => ({ endpoint, ...member }))];
  return [...new Map(all.map((each) => [JSON.stringify([each.base, each.endpoint]), each])).values()];
}

/** Those that the embedded model server has to offer. */
export function embeddedBases(specification: ModelSettings): BaseOfAgent[] {
  return baseModels(specification).filter(({ endpoint }) => endpoint === embeddedEndpoint);
}

function untunedModel(specification: ModelSettings, agent: string): AgentModel {
  const own = baseOf(specification, agent);
  return { model: nameOfBase(own), trainedIn: 0, endpoint: own.endpoint };
}

/** A stored society with the endpoints that older versions left out because they were the base's. */
export function readableSociety(stored: StoredSociety, specification: ModelSettings): Society {
  const agents = Object.entries(stored.agents).map(([agent, { endpoint, ...rest }]): [string, AgentModel] => [
    agent,
    { ...rest, endpoint: endpoint ?? baseOf(specification, agent).endpoint },
  ]);
  return { ...stored, agents: Object.fromEntries(agents) };
}

/**
 * The name requests for an untuned model carry; a foreign endpoint has its own names, which are used as they are, without
 * the commit that a run pinned (`hub-names.ts`).
 */
export function nameOfBase({ base, endpoint }: BaseOfAgent): string {
  return endpoint === embeddedEndpoint ? servedName(base) : withoutCommit(base);
}

/** A base's name before a run pinned it to a commit of the Hub. */
export function withoutCommit(base: string): string {
  return base.replace(/@[0-9a-f]{40}$/, '');
}

/** As `nameOfBase`, for the common base model, which also summarises. */
function baseModelName({ model }: ModelSettings): string {
  return nameOfBase(model);
}

/** The model server that `maft up` starts. */
export const embeddedEndpoint = 'embedded';

export function servedName(base: string): string {
  const parts = base.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return parts.map((part) => part.replace(/[^A-Za-z0-9._-]/g, '-')).join('/') || 'base';
}
