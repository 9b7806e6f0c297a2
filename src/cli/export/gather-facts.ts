/** What cards say of the exported agents, from the store and from the base model on this machine. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunSpecification } from '../../contract/specification';
import { hubRevision } from '../../domain/hub-names';
import { generationAgent, sharedAgent } from '../../domain/identifiers';
import { baseOf } from '../../domain/society';
import { ConfigError } from '../../errors';
import type { ExportedAgent, ExportedBase, ExportedSociety } from '../../export/facts';
import { termsIn } from '../../export/front-matter';
import { packageVersion } from '../../machine/paths';
import type { Fetching } from '../../machine/setup/hub';
import { fetchBaseModel, isOfHub } from '../../machine/setup/model-folder';
import { instructionOf, promptsFor } from '../../prompts';
import type { FoundSociety } from '../../stored-runs/find-society';
import { lineageOf } from '../../stored-runs/lineage';
import { StoredRun } from '../../stored-runs/stored-run';
import type { ArtifactStore } from '../../ports';
import { promptTaskOf } from '../../tasks/kinds/all';
import { samplingRole, type AgentWeights } from './find-agents';

export async function societyFacts(
  run: StoredRun,
  { society }: FoundSociety,
  untuned: string[],
): Promise<ExportedSociety> {
  const { runId, iteration, members, rounds } = society;
  const { specification } = run.record;
  const evaluation = await run.evaluation(iteration);
  return { runId, iteration, members, rounds, specification, evaluation, untuned, version: packageVersion() };
}

/** An agent with its base's folder; undefined if full weights are exported and the base is not on this machine. */
export interface FoundAgent {
  weights: AgentWeights;
  facts: ExportedAgent;
  baseFolder: string | undefined;
}

/** Throws `ConfigError` if an adapter's base is not to be had, and `ArtifactError` for a damaged file. */
export async function agentFacts(
  store: ArtifactStore,
  { society, record }: FoundSociety,
  { weights, fetching }: { weights: AgentWeights; fetching: Fetching },
): Promise<FoundAgent> {
  const { name, agents, model } = weights;
  const { specification } = record;
  const base = baseOf(specification, agents[0]!).base;
  const baseFolder = await folderOfBase(base, weights, fetching);
  const role = samplingRole(name);
  const run = new StoredRun(store, record);
  const lineage = await lineageOf(run, { agent: agents[0]!, model, iteration: society.iteration });
  const facts = {
    name,
    agents,
    model,
    sampling: society.sampling[role],
    base: exportedBase(base, baseFolder),
    lineage,
  };
  return { weights, baseFolder, facts: { ...facts, ...promptOf(specification, name) } };
}

/** Full weights can do without their base, so nothing is downloaded for them: what is on this machine serves. */
async function folderOfBase(base: string, { form }: AgentWeights, fetching: Fetching): Promise<string | undefined> {
  const isNeeded = form === 'adapter';
  try {
    return (await fetchBaseModel(base, { ...fetching, offline: !isNeeded })).folder;
  } catch (error) {
    if (isNeeded || !(error instanceof ConfigError)) throw error;
    return undefined;
  }
}

/** A folder's name says nothing of the machine it is on. */
function exportedBase(base: string, folder: string | undefined): ExportedBase {
  const card = folder === undefined ? undefined : join(folder, 'README.md');
  const terms = card !== undefined && existsSync(card) ? termsIn(readFileSync(card, 'utf8')) : undefined;
  const named = terms === undefined ? {} : { terms };
  if (!isOfHub(base)) return { name: basename(base), isOfHub: false, ...named };
  const { repository, revision } = hubRevision(base);
  return { name: repository, isOfHub: true, ...(revision === undefined ? {} : { revision }), ...named };
}

/** The author of a task of the user's own may bring prompts, which are not in the store. */
function promptOf({ task, method }: RunSpecification, agent: string): { prompt?: string } {
  if (task.kind === 'module') return {};
  const prompts = promptsFor(method.prompts, { promptTask: promptTaskOf(task) });
  const own = agent === sharedAgent ? generationAgent(1) : agent;
  const instruction = instructionOf(prompts.instructions, method.instructions, own);
  if (samplingRole(agent) === 'generation') return { prompt: `${instruction}${prompts.firstRound}` };
  const later = method.summary ? prompts.laterRound : prompts.laterRoundWithResponses;
  return { prompt: `${prompts.firstRound}\n…\n${instruction}${later}` };
}
