/** What a training job takes from the specification, for one agent. */
import { defaultLearningRate, type FinetuningSettings } from '../src/contract/specification';
import type { TrainingJob } from '../src/contract/training-job';
import { roleSettings } from '../src/domain/role-settings';
import type { TrainingSettings } from '../src/ports';

export function trainingSettings(finetuning: FinetuningSettings, agent: string): TrainingSettings {
  const settings = roleSettings(finetuning, agent);
  const { weights, epochs, batchSize, maxLength, schedule, warmupShare, weightDecay, checkpointEverySeconds } =
    settings;
  const learningRate = settings.learningRate ?? defaultLearningRate(settings);
  return {
    ...lossSettings(settings),
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

/** β of TRL and of both papers' experiments. */
const defaultBeta = 0.1;

/** A job without a loss is supervised, so its id is the same as before other losses existed. */
function lossSettings({ loss, beta = defaultBeta }: FinetuningSettings): Pick<TrainingJob, 'loss'> {
  if (loss === undefined || loss === 'supervised') return {};
  return { loss: loss === 'dpo' ? { dpo: { beta } } : { kto: { beta } } };
}
