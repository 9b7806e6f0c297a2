/** Derives the settings of selection from a specification. */
import type { RunSpecification } from '../contract/specification';
import type { SelectionSettings } from './eligibility';
import { lossesOf } from './role-settings';

export function selectionSettings(
  { method, seed, finetuning }: Pick<RunSpecification, 'method' | 'seed' | 'finetuning'>,
  iteration: number,
): SelectionSettings {
  const { preset, ...settings } = method;
  const { maxLength, matchTrainingTokens, matchTrajectories } = finetuning;
  const limits = { maxLength, matchTrainingTokens, matchTrajectories };
  return { ...settings, ...limits, method: preset, seed, iteration, losses: lossesOf(finetuning) };
}
