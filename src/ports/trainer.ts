/**
 * Training as a port: a request names what is learnt, by references alone. Where it is learnt (staging, checkpoints, folders,
 * another machine) is the adapter's matter, and so is which endpoint serves the result.
 */
import type { ArtifactReference } from '../contract/run';
import type { TrainingExample } from '../contract/training';
import type { TrainingEvent, TrainingJob } from '../contract/training-job';
import type { BaseOfAgent } from '../domain/society';

/** What a specification says of how to train: all of a job but its references, its places and its draw. */
export type TrainingSettings = Omit<TrainingJob, 'seed' | 'leaveOutSpelledTokens' | References | Places>;
type References = 'jobId' | 'base' | 'servedBase' | 'startFrom' | 'trainingSet';
type Places = 'workDirectory' | 'outputDirectory' | 'device' | 'threads';

export interface TrainingRequest {
  runId: string;
  iteration: number;
  agent: string;
  /** The untuned model: whose tokenizer and template it is, and who serves it. */
  base: BaseOfAgent;
  /** Name of the model whose weights are continued; the base's own for a fresh start. */
  start: string;
  trainingSet: ArtifactReference;
  settings: TrainingSettings;
  seed: number;
  /** Where prompts were not asked of `maft.serve`: leave out examples that spell a control token of the base. */
  leaveOutSpelledTokens: boolean;
}

/** A training that may be asked for later, with a few examples of its shortest prompts. */
export interface TrainingCheck {
  base: BaseOfAgent;
  settings: TrainingSettings;
  examples: readonly Omit<TrainingExample, 'set' | 'iteration' | 'agent'>[];
}

export type FinishedTraining = Extract<TrainingEvent, { event: 'finished' }> & {
  device: string;
  precision: string;
  examples: number;
  tooLong?: number | undefined;
  spelled?: number | undefined;
  versions: Record<string, string>;
};

export interface TrainedModel {
  /** Immutable name of the weights, by which `endpoint` serves them. */
  model: string;
  /** Name of a configured endpoint; need not be the base's. */
  endpoint: string;
  /** The trainer's name of the training, for `release`. */
  jobId: string;
  finished: FinishedTraining;
}

/** Trains agents. Throws `TrainerError`, and `ConfigError` where this machine lacks what it takes. */
export interface Trainer {
  /** Asks whether it would take such a request, without loading weights. Throws what the training would throw. */
  check(check: TrainingCheck, signal: AbortSignal): Promise<void>;
  /**
   * A request that was broken off goes on from its newest checkpoint. On abort the trainer checkpoints and stops, and only
   * then the promise rejects.
   */
  train(
    request: TrainingRequest,
    options: { signal: AbortSignal; onEvent: (event: TrainingEvent) => void },
  ): Promise<TrainedModel>;
  /** Whether the weights of a model that it made are still there. */
  has(model: string): Promise<boolean>;
  /** The record of a training is stored: what was kept to go on with it may be removed. */
  release(jobId: string): Promise<void>;
}
