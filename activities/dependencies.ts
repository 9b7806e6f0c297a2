/** What the activities are given: ports and the machine's facts. Nothing here is global; tests inject their own. */
import type { Prices } from '../src/contract/comparison';
import type { RunRecord } from '../src/contract/run';
import type { TaskSettings } from '../src/contract/specification';
import type { TaskKind } from '../src/tasks/kinds/all';
import type { ArtifactStore, Grader, Inference, Platform, Scoring, Serving, Trainer } from '../src/ports';
import type { ProgramParts } from '../src/program';
import type { AnswerReader, Task } from '../src/tasks/task';

export interface ActivityDependencies {
  store: ArtifactStore;
  /**
   * Inference at a configured endpoint; a `ConfigError` lists those that exist. `account` is the store key that completions
   * are paid for.
   */
  inference: (endpoint: string, account?: string) => Inference;
  /** Scoring at a configured endpoint, as `inference`. */
  scoring: (endpoint: string, account?: string) => Scoring;
  /** What serves at a configured endpoint. */
  serving: (endpoint: string) => Serving;
  /** The trainer that a specification names; a `ConfigError` lists those that exist. */
  trainer: (name: string) => Trainer;
  /** A task of a specification, with its loader, parser and equality. */
  task: (settings: TaskSettings) => Task;
  /** Decides whether answers of this kind are equal. */
  grader: (reader: AnswerReader) => Grader;
  platform: Platform;
  machine: Machine;
}

export interface Machine {
  versions: RunRecord['versions'];
  /** The parts of this program that decide the results of a run on tasks of these kinds. */
  program: (kinds: readonly TaskKind[]) => ProgramParts;
  /** Versions of Math-Verify and its dependencies. Throws `ConfigError` if it is not installed. */
  mathVerify: () => string;
  /** Whether the server behind an endpoint reads control tokens out of what agents say; `maft.serve` does not. */
  readsControlTokens: (endpoint: string) => boolean;
  /** Prices of an endpoint's tokens, if `$MAFT_HOME/config.yaml` has them. */
  prices: (endpoint: string) => Prices | undefined;
}
