/**
 * Methods are data (method.md, Methods): each preset is a partial specification that says what differs from the method
 * itself, and nothing else. A preset has no code path of its own beyond what its settings mean.
 */
import type { RunSpecificationInput } from '../contract/specification';

type Partly<Value> = Value extends object ? { [Key in keyof Value]?: Partly<Value[Key]> } : Value;

/** What a preset may set: everything but the task and the model. */
export type Preset = Partly<{
  method: Exclude<RunSpecificationInput['method'], string | undefined>;
  sampling: RunSpecificationInput['sampling'];
  iterations: number;
  stopWhen: Exclude<RunSpecificationInput['stopWhen'], string | undefined>;
  finetuning: RunSpecificationInput['finetuning'];
  evaluation: RunSpecificationInput['evaluation'];
}>;

export const defaultPreset = 'multiagent-finetuning';

/** One tuned model for all; it is trained on the debate's agreeing last answers. */
const oneModel = { weights: 'one' } as const;
const untuned = { weights: 'none' } as const;

/** As many passes as STaR may take until the loss stops falling; most end far earlier. */
const mostPasses = 10;

export const presets: Readonly<Record<string, Preset>> = {
  [defaultPreset]: {},
  base: { method: { members: 1, rounds: 1, ...untuned, evaluateBy: 'sample' }, iterations: 0 },
  majority: { method: { rounds: 1, ...untuned, evaluateBy: 'vote' }, iterations: 0 },
  debate: { method: { ...untuned }, iterations: 0 },
  // Correct answers, and those that a hint at the reference answer made correct; each pass starts from the base again.
  star: {
    method: { members: 1, rounds: 1, ...oneModel, select: 'reference', hint: true, evaluateBy: 'sample' },
    iterations: mostPasses,
    stopWhen: { signal: 'loss' },
    finetuning: { from: 'base' },
  },
  'majority-finetuning': { method: { rounds: 1, ...oneModel, evaluateBy: 'vote' } },
  'single-agent': { method: { ...oneModel } },
  // The same debates and the same training; only at evaluation it answers directly.
  'single-agent-without-debate': { method: { ...oneModel, evaluateBy: 'sample' } },
  // The temperature of the agents; the ablation does not vary the summariser's.
  'single-agent-temperature': {
    method: { ...oneModel },
    sampling: { generation: { temperature: 2 }, critic: { temperature: 2 } },
  },
  'without-summary': { method: { summary: false } },
  'without-critics': { method: { critics: 'generation' } },
  'unique-id': { method: { ...untuned, instructions: 'unique-id' }, iterations: 0 },
  'unique-id-tuned': { method: { ...oneModel, sharedTargets: 'every-agent', instructions: 'unique-id' } },
  'varied-prompts': { method: { ...untuned, instructions: 'varied' }, iterations: 0 },
  cooperative: { method: { instructions: 'cooperative' } },
  // A measurement: the method itself, evaluated with the first answers of one agent.
  'no-interaction': { evaluation: { firstRoundBy: 'generation-1' } },
  'five-agents': { method: { members: 5 } },
  // Members exchange JSON objects: the prompt set asks for them, and says how they are read.
  'json-messages': { method: { prompts: 'json' } },
  // One model learns once, from the base, what the society named by `model.society` agrees on; it answers alone.
  distilled: { method: { ...oneModel, distil: true, evaluateBy: 'sample' }, finetuning: { from: 'base' } },
  // Generation agents share their prompt, so their responses make pairs; critics read different things, and are labelled.
  preferences: { finetuning: { loss: 'dpo', critic: { loss: 'kto' } } },
};

export const presetNames: readonly string[] = Object.keys(presets);
