/** What one agent is trained with: the settings of all, and over them those of its role. */
import type { FinetuningSettings } from '../contract/specification';

/** The one model of methods with shared weights has no role, and no settings beside those of all. */
export function roleSettings(finetuning: FinetuningSettings, agent: string): FinetuningSettings {
  const [role] = agent.split('-');
  const ofRole = role === 'generation' || role === 'critic' ? finetuning[role] : undefined;
  const given = Object.entries(ofRole ?? {}).filter(([, value]) => value !== undefined);
  return { ...finetuning, ...Object.fromEntries(given) };
}
