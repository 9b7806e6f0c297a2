/**
 * Names composed of other names: agents, child workflows, model versions. Imported by workflows, so nothing here needs
 * more than the language itself; the digest that makes a run id unique is in `digests.ts`.
 */
import { workflowIdPrefix } from '../contract/names';
import { validationSplit, type Split } from '../contract/transcript';

/** The one model of methods with shared weights. */
export const sharedAgent = 'shared';

export const generationAgent = (member: number): string => `generation-${member}`;
export const criticAgent = (member: number): string => `critic-${member}`;

/** 1..N */
export function memberNumbers(members: number): number[] {
  return Array.from({ length: members }, (_, index) => index + 1);
}

/** Iterations 0..`last`, the untuned society's among them. */
export function iterationsTo(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, iteration) => iteration);
}

/** The agent that answers for a member in a round: its generation agent in round 1, its critic later. */
export function agentOf(member: number, round: number): string {
  return round === 1 ? generationAgent(member) : criticAgent(member);
}

/** Ids of all agents of a society: N generation agents, and N critics if there is more than one round. */
export function societyAgents(members: number, rounds: number): string[] {
  const numbers = memberNumbers(members);
  return [...numbers.map(generationAgent), ...(rounds > 1 ? numbers.map(criticAgent) : [])];
}

/** The member whose generation agent gives sample j of k, j = 1..k (method.md, Evaluation). */
export function sampleMember(sample: number, members: number): number {
  return ((sample - 1) % members) + 1;
}

/**
 * Names sample j as an agent's id names a debate turn, which gives it its own seed and file. The first N samples are
 * the debate's own first round and carry the plain agent id.
 */
export function sampleName(sample: number, members: number): string {
  const agent = generationAgent(sampleMember(sample, members));
  return sample <= members ? agent : `${agent}.sample-${sample}`;
}

/** Names a further single answer of generation-1 at another temperature. */
export const temperatureSampleName = (temperature: number): string =>
  `${generationAgent(1)}.temperature-${temperature}`;

/** `07`; more digits if needed. */
export function shardName(shard: number): string {
  return `shard-${String(shard).padStart(2, '0')}`;
}

export const rootWorkflowId = (runId: string): string => workflowIdPrefix + runId;

const stageWorkflowId = (runId: string, iteration: number, stage: string): string =>
  `${rootWorkflowId(runId)}/iteration-${iteration}/${stage}`;

export const finetuneWorkflowId = (runId: string, iteration: number): string =>
  stageWorkflowId(runId, iteration, 'finetune');

export const evaluateWorkflowId = (runId: string, iteration: number, split: Split = 'eval'): string =>
  stageWorkflowId(runId, iteration, debatingStage(split));

/** `maft/<runId>/iteration-2/debate/shard-07`; the shards of an evaluation stand below `evaluate`. */
export function shardWorkflowId(runId: string, iteration: number, split: Split, shard: number): string {
  return stageWorkflowId(runId, iteration, `${debatingStage(split)}/${shardName(shard)}`);
}

function debatingStage(split: Split): string {
  return { train: 'debate', eval: 'evaluate', [validationSplit]: 'validate' }[split];
}

/** The immutable model name of one agent's weights: `<runId>.i<l>.<agent>.<8 hex of content>`. */
export function modelName(runId: string, iteration: number, agent: string, contentSha256: string): string {
  return `${runId}.i${iteration}.${agent}.${contentSha256.slice(0, 8)}`;
}
