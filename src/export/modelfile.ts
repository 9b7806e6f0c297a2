/** Ollama's Modelfile of one agent. */
import type { Sampling } from '../contract/society';

export interface ModelfileSettings {
  sampling: Sampling;
  /** Tokens of prompt and response that examples were trained with at most (`finetuning.maxLength`). */
  maxLength: number;
  /** Positions that the model has; undefined if its configuration does not say. */
  positions: number | undefined;
}

/** Expects the merged model in the Modelfile's own folder. */
export function modelfile({ sampling, maxLength, positions }: ModelfileSettings): string {
  const { temperature, topP, maxTokens } = sampling;
  // A prompt as long as the longest example, and the longest response.
  const context = Math.min(maxLength + maxTokens, positions ?? Infinity);
  return [
    '# The sampling of the run that tuned this agent; top_k and repeat_penalty switch off what Ollama adds by itself.',
    'FROM .',
    `PARAMETER temperature ${temperature}`,
    `PARAMETER top_p ${topP}`,
    'PARAMETER top_k 0',
    'PARAMETER repeat_penalty 1',
    `PARAMETER num_predict ${maxTokens}`,
    `PARAMETER num_ctx ${context}`,
    '',
  ].join('\n');
}
