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
  /**
   * Inference at a configured endpoint; a `ConfigError` names the ones there are. `account` is the store key that completions
   * are paid for.
   */
  inference: (endpoint: string, account?: string) => Inference;
  /** Scoring at a configured endpoint, as `inference`. */
  scoring: (endpoint: string, account?: string) => Scoring;
  /** The trainer that a specification names; a `ConfigError` names the ones there are. */
  trainer: (name: string) => Trainer;
  /** A task of a specification, with its loader, parser and equality. */
  task: (settings: TaskSettings) => Task;
  /** Decides on answers of this kind. */
  grader: (reader: AnswerReader) => Grader;
  platform: Platform;
  machine: Machine;
}

export interface Machine {
  versions: RunRecord['versions'];
  /** What of this program decides a run on tasks of these kinds. */
  program: (kinds: readonly TaskKind[]) => ProgramParts;
  /** Math-Verify and what it reads and computes with, by version; a `ConfigError` where it is not installed. */
  mathVerify: () => string;
  /** What an endpoint's tokens cost, where `$MAFT_HOME/config.yaml` says so. */
  prices: (endpoint: string) => Prices | undefined;
}
