/**
 * Training as a port: a request names what is learnt, by references alone. The adapter decides where it is learnt
 * (staging, checkpoints, folders, another machine) and which endpoint serves the result.
 */
import type { ArtifactReference } from '../contract/run';
import type { TrainingExample } from '../contract/training';
import type { TrainingEvent, TrainingJob } from '../contract/training-job';
import type { BaseOfAgent } from '../domain/society';

/** The training settings of a specification: a job without references, places and seeds. */
export type TrainingSettings = Omit<TrainingJob, 'seed' | 'leaveOutSpelledTokens' | References | Places>;
type References = 'jobId' | 'base' | 'servedBase' | 'startFrom' | 'trainingSet';
type Places = 'workDirectory' | 'outputDirectory' | 'device' | 'threads';

export interface TrainingRequest {
  runId: string;
  iteration: number;
  agent: string;
  /** The untuned model: its tokenizer, its template, and the endpoint that serves it. */
  base: BaseOfAgent;
  /** Name of the model whose weights are continued; the base's own for a fresh start. */
  start: string;
  trainingSet: ArtifactReference;
  settings: TrainingSettings;
  seed: number;
  /** Set if servers other than `maft.serve` answered: leaves out examples that spell a control token of the base. */
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

/** The device that a model server and trainings may share. Never rejects by itself. */
export interface SharedDevice {
  /** Makes room for a training, performs it, and gives the room back after the last one that runs. */
  during<Result>(training: () => Promise<Result>): Promise<Result>;
  /** Gives back what a worker that died has left taken. */
  reclaim(): Promise<void>;
}

/** Trains agents. Throws `TrainerError`, and `ConfigError` if this machine lacks what training needs. */
export interface Trainer {
  /** The name of the very weights that it would train now: with its commit, if it is a name that may mean others later. */
  pin(base: BaseOfAgent): Promise<string>;
  /** Asks whether it would take such a request, without loading weights. Throws what the training would throw. */
  check(check: TrainingCheck, signal: AbortSignal): Promise<void>;
  /**
   * Publishes an adapter of this rank that changes nothing, and returns its name: for asking whether the base's endpoint finds
   * what is published. Undefined if that cannot be asked: another endpoint serves the results, or the model's layers are unknown.
   */
  placeProbe(base: BaseOfAgent, rank: number): Promise<string | undefined>;
  /**
   * Resumes an interrupted request from its newest checkpoint. On abort the trainer checkpoints and stops, and only
   * then the promise rejects.
   */
  train(
    request: TrainingRequest,
    options: { signal: AbortSignal; onEvent: (event: TrainingEvent) => void },
  ): Promise<TrainedModel>;
  /** Whether the weights of a model that it made are still there. */
  has(model: string): Promise<boolean>;
  /** To be called once the record of a training is stored: the adapter may remove what it kept for resuming. */
  release(jobId: string): Promise<void>;
}
