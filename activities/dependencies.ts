/** What the activities are given: ports and the machine's facts. Nothing here is global; tests inject their own. */
import type { Prices } from '../src/contract/comparison';
import type { RunRecord } from '../src/contract/run';
import type { TaskSettings } from '../src/contract/specification';
import type { TaskKind } from '../src/contract/task-settings';
import type { ArtifactStore, Grader, Inference, Platform, Scoring, Trainer } from '../src/ports';
import type { ProgramParts } from '../src/program';
import type { AnswerReader, Task } from '../src/tasks/task';

export interface ActivityDependencies {
  store: ArtifactStore;
  /** Inference at a configured endpoint; a `ConfigError` names the ones there are. */
  inference: (endpoint: string) => Inference;
  /** Scoring at a configured endpoint, as `inference`. */
  scoring: (endpoint: string) => Scoring;
  trainer: Trainer;
  /** A task of a specification, with its loader, parser and equality. */
  task: (settings: TaskSettings) => Task;
  /** Decides on answers of this kind. */
  grader: (reader: AnswerReader) => Grader;
  platform: Platform;
  machine: Machine;
}

export interface Machine {
  /** Absolute folder of a base model named in a specification; a `ConfigError` where there is none. */
  modelFolder: (base: string) => string;
  /** Rejects with a `ConfigError` where server or trainer will refuse the folder of a base model. */
  requireReadableModel: (base: string) => Promise<void>;
  trainerDevice: 'auto' | 'cpu' | 'cuda' | 'mps';
  /** Torch threads of one training; part of what makes weights repeatable. */
  trainerThreads: number;
  versions: RunRecord['versions'];
  /** What of this program decides a run on tasks of these kinds. */
  program: (kinds: readonly TaskKind[]) => ProgramParts;
  /** Math-Verify and what it reads and computes with, by version; a `ConfigError` where it is not installed. */
  mathVerify: () => string;
  /** What an endpoint's tokens cost, where `$MAFT_HOME/config.yaml` says so. */
  prices: (endpoint: string) => Prices | undefined;
}
