/** What a training job takes from the specification, for one agent. */
import { defaultLearningRate, type FinetuningSettings } from '../src/contract/specification';
import { roleSettings } from '../src/domain/role-settings';
import type { TrainingSettings } from '../src/ports';

export function trainingSettings(finetuning: FinetuningSettings, agent: string): TrainingSettings {
  const settings = roleSettings(finetuning, agent);
  const { weights, epochs, batchSize, maxLength, schedule, warmupShare, weightDecay, checkpointEverySeconds } =
    settings;
  const learningRate = settings.learningRate ?? defaultLearningRate(settings);
  return {
    weights,
    epochs,
    batchSize,
    maxLength,
    schedule,
    warmupShare,
    weightDecay,
    checkpointEverySeconds,
    learningRate,
  };
}
