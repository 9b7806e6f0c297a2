/**
 * A training set as lines of TRL's conversational data formats: what `SFTTrainer`, `DPOTrainer` and `KTOTrainer` take,
 * and completions with a reward. All keep the prompt apart from the completion, as the loss falls on the completion
 * only.
 */
import type { TrainingExample, TrainingLoss } from '../contract/training';

export const dataFormats = ['sft', 'dpo', 'kto', 'rewards'] as const;
export type DataFormat = (typeof dataFormats)[number];

/** The loss that each format is for, which decides the examples it needs. */
export const lossOfFormat: Record<DataFormat, TrainingLoss> = {
  sft: 'supervised',
  dpo: 'dpo',
  kto: 'kto',
  rewards: 'kto',
};

/** One JSON object. Throws for an example that was selected for another loss. */
export function dataLine(example: TrainingExample, format: DataFormat): string {
  const { messages: prompt, completion, rejected, desirable } = example;
  const said = (content: string) => [{ role: 'assistant', content }];
  if (format === 'sft') return JSON.stringify({ prompt, completion: said(completion) });
  if (format === 'dpo' && rejected !== undefined)
    return JSON.stringify({ prompt, chosen: said(completion), rejected: said(rejected) });
  if (desirable === undefined) throw new Error(`an example of ${example.problemId} was not selected for ${format}`);
  if (format === 'kto') return JSON.stringify({ prompt, completion: said(completion), label: desirable });
  // Readers expect a fractional reward, and JSON.stringify would write a whole number.
  const line = JSON.stringify({ prompt, completion: said(completion) });
  return `${line.slice(0, -1)},"reward":${desirable ? '1.0' : '0.0'}}`;
}
