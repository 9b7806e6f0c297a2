/** Which agents of a society are exported, and whether their weights are in the store. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Society } from '../../contract/society';
import { generationAgent, sharedAgent } from '../../domain/identifiers';
import { modelKey } from '../../domain/keys';
import { roleOf } from '../../domain/role-settings';
import { InvalidRunSpec } from '../../errors';
import type { WeightsForm } from '../../export/facts';
import type { ArtifactStore } from '../../ports';

/** Agents that use the same weights; they get one folder. */
export interface AgentWeights {
  /** Names the folder. */
  name: string;
  agents: string[];
  model: string;
  /** Where the weights lie in the store. */
  folder: string;
  form: Exclude<WeightsForm, 'gguf'>;
  /** Of an adapter. */
  rank?: number;
}

export interface SocietyAgents {
  tuned: AgentWeights[];
  untuned: string[];
}

/** @param asked One agent; undefined: all. Throws `InvalidRunSpec` with one sentence if there is nothing to export. */
export function findAgents(store: ArtifactStore, society: Society, asked: string | undefined): SocietyAgents {
  const entries = Object.entries(society.agents);
  const untuned = entries.filter(([, { trainedIn }]) => trainedIn === 0).map(([agent]) => agent);
  const models = new Map(
    entries.filter(([, { trainedIn }]) => trainedIn > 0).map(([agent, { model }]) => [model, agent]),
  );
  const name = `${society.runId}@${society.iteration}`;
  if (models.size === 0)
    throw new InvalidRunSpec([`society: ${name} has nothing to export: all its agents are the untuned base model`]);
  const groups = [...models.keys()].map((model) => ({
    model,
    agents: entries.filter(([, each]) => each.model === model).map(([agent]) => agent),
  }));
  const wanted = groups
    .map((group) => ({ ...group, name: nameOf(group.agents, groups.length) }))
    .filter((group) => asked === undefined || asked === group.name || group.agents.includes(asked));
  if (wanted.length === 0) throw unknownAgent(asked, { name, untuned, known: groups.flatMap(({ agents }) => agents) });
  return { untuned, tuned: wanted.map((group) => withWeights(store, society, group)) };
}

/** Generation agents that also revise keep their own names; one model for all is `shared`, as its training is. */
function nameOf(agents: readonly string[], groups: number): string {
  const isShared = agents.length > 1 && groups === 1 && agents.includes(generationAgent(1));
  return isShared ? sharedAgent : agents[0]!;
}

function unknownAgent(
  asked: string | undefined,
  { name, untuned, known }: { name: string; untuned: readonly string[]; known: readonly string[] },
): InvalidRunSpec {
  const why = untuned.includes(asked ?? '') ? `is the untuned base model in ${name}` : `is not an agent of ${name}`;
  return new InvalidRunSpec([`--agent: ${JSON.stringify(asked)} ${why}; its tuned agents are ${known.join(', ')}`]);
}

function withWeights(
  store: ArtifactStore,
  { agents }: Society,
  group: Pick<AgentWeights, 'name' | 'agents' | 'model'>,
): AgentWeights {
  const folder = store.addressOf(modelKey(group.model));
  if (!existsSync(folder)) {
    const endpoint = agents[group.agents[0]!]?.endpoint;
    throw new InvalidRunSpec([
      `society: the weights of ${group.name} (${group.model}) are not in ${store.addressOf()}; they were served at the ` +
        `endpoint "${endpoint}": set MAFT_STORE to the store that holds them`,
    ]);
  }
  const config = join(folder, 'adapter_config.json');
  if (!existsSync(config)) return { ...group, folder, form: 'whole' };
  return { ...group, folder, form: 'adapter', rank: rankIn(config) };
}

/** A torn file has the rank 0 here, and is refused when it is copied. */
function rankIn(config: string): number {
  try {
    const { r } = JSON.parse(readFileSync(config, 'utf8')) as { r?: unknown };
    return typeof r === 'number' ? r : 0;
  } catch (error) {
    if (error instanceof SyntaxError) return 0;
    throw error;
  }
}

/** The role whose sampling the agent answers with; one shared model answers as a generation agent first. */
export function samplingRole(name: string): 'generation' | 'critic' {
  return roleOf(name) === 'critic' ? 'critic' : 'generation';
}
