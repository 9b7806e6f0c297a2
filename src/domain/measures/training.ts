/** What the training of one iteration rested on and what it cost. */
import type { ConsensusAudit } from '../../contract/evaluation';
import type { TrainingCost, WrongConsensus } from '../../contract/measures';
import type { WeightsRecord } from '../../contract/training-job';

/** Share of the judged training examples whose consensus is wrong; `undefined` if none could be judged. */
export function wrongConsensus({ agents }: ConsensusAudit): WrongConsensus | undefined {
  const examples = agents.reduce((sum, agent) => sum + agent.examples, 0);
  const wrong = agents.reduce((sum, agent) => sum + agent.wrongConsensus, 0);
  return examples === 0 ? undefined : { examples, wrongConsensus: wrong, share: wrong / examples, agents };
}

/** Tokens and seconds of all trainings; an agent that kept its weights has none. */
export function trainingCost(weights: readonly WeightsRecord[]): TrainingCost {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const trained = weights.flatMap(({ training }) => (training === undefined ? [] : [training]));
  const peaks = trained.flatMap(({ peakGpuMemoryBytes }) => (peakGpuMemoryBytes === null ? [] : [peakGpuMemoryBytes]));
  return {
    agents: weights.map(({ agent, training }) => ({
      agent,
      examples: training?.examples ?? 0,
      tokens: training?.tokens ?? 0,
      seconds: training?.seconds ?? 0,
    })),
    tokens: sum(trained.map(({ tokens }) => tokens)),
    seconds: sum(trained.map(({ seconds }) => seconds)),
    gpuSeconds: sum(trained.filter(({ device }) => device.startsWith('cuda')).map(({ seconds }) => seconds)),
    peakGpuMemoryBytes: peaks.length === 0 ? null : Math.max(...peaks),
  };
}
