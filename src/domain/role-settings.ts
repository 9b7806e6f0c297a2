/** What one agent is trained with: the settings of all agents, overridden by those of its role. */
import type { FinetuningSettings, RunSpecification } from '../contract/specification';
import type { TrainingLoss } from '../contract/training';
import type { SelectionSettings } from './eligibility';

/** The one model of methods with shared weights has no role, and no settings beside those of all. */
export function roleSettings(finetuning: FinetuningSettings, agent: string): FinetuningSettings {
  const role = roleOf(agent);
  const ofRole = role === 'shared' ? undefined : finetuning[role];
  const given = Object.entries(ofRole ?? {}).filter(([, value]) => value !== undefined);
  return { ...finetuning, ...Object.fromEntries(given) };
}

/** `shared` is the one model's. */
export function roleOf(agent: string): 'generation' | 'critic' | 'shared' {
  const [role] = agent.split('-');
  return role === 'generation' || role === 'critic' ? role : 'shared';
}

/** What every role's training minimises. Records of older versions name none: supervised. */
export function lossesOf(finetuning: FinetuningSettings): Record<'generation' | 'critic' | 'shared', TrainingLoss> {
  const lossOf = (role: string) => roleSettings(finetuning, role).loss ?? 'supervised';
  return { generation: lossOf('generation'), critic: lossOf('critic'), shared: lossOf('shared') };
}

export function selectionSettings(
  { method, seed, finetuning }: Pick<RunSpecification, 'method' | 'seed' | 'finetuning'>,
  iteration: number,
): SelectionSettings {
  const { preset, ...settings } = method;
  const { maxLength, matchTrainingTokens, matchTrajectories } = finetuning;
  const limits = { maxLength, matchTrainingTokens, matchTrajectories };
  return { ...settings, ...limits, method: preset, seed, iteration, losses: lossesOf(finetuning) };
}
