/**
 * What activities of one run read again and again: the run record, its problems, its societies. Immutable artifacts, so
 * a worker keeps the last few in memory, each run by the digest of its record.
 */
import { ApplicationFailure } from '@temporalio/common';
import { missingArtifact } from '../src/artifacts/damage';
import { parseLines } from '../src/artifacts/lines';
import { requireSealed } from '../src/artifacts/sealed';
import { requireSociety } from '../src/artifacts/societies';
import type { Problem } from '../src/contract/problem';
import type { ArtifactReference, RunRecord, RunReference, ShardInput, SplitReferences } from '../src/contract/run';
import type { Society } from '../src/contract/society';
import { validationSplit, type Split } from '../src/contract/transcript';
import { digestOf } from '../src/domain/digests';
import { runKeys } from '../src/domain/keys';
import { ArtifactError } from '../src/errors';
import { promptsFor, type PromptSet } from '../src/prompts';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { Task } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { taskOfSplit, tasksOf } from './run-tasks';

export interface LoadedRun {
  record: RunRecord;
  tasks: RunTasks;
}

export class LoadedRuns {
  private readonly memory = new Map<string, Promise<unknown>>();
  /** When a run's record was last looked for, and the promise that concurrent callers share. */
  private readonly looks = new Map<string, { at: number; isThere: Promise<boolean> }>();

  constructor(private readonly dependencies: ActivityDependencies) {}

  /** Throws `ArtifactError` if the referenced run was deleted and begun anew under the same id. */
  async run({ runId, recordDigest }: RunReference): Promise<LoadedRun> {
    if (recordDigest !== undefined) {
      await this.requireStored(runId);
      return this.remember(recordDigest, () => this.load(runId, recordDigest));
    }
    const record = await this.read(runId);
    return this.remember(digestOf(record), () => this.contextOf(record));
  }

  /** Answers written to an unmounted or wrong store would be lost. */
  private async requireStored(runId: string): Promise<void> {
    let look = this.looks.get(runId);
    if (look === undefined || Date.now() - look.at > trustedForMs) {
      look = { at: Date.now(), isThere: this.dependencies.store.has(runKeys.record(runId)) };
      this.looks.set(runId, look);
    }
    const isThere = await look.isThere.catch((error: unknown) => {
      this.looks.delete(runId);
      throw error;
    });
    if (isThere) return;
    this.looks.delete(runId);
    throw missingArtifact(runKeys.record(runId));
  }

  private async load(runId: string, digest: string): Promise<LoadedRun> {
    const record = await this.read(runId);
    if (digestOf(record) === digest) return this.contextOf(record);
    throw new ArtifactError(
      'is of a run that was begun anew under this id; the workflow that asks belongs to the run before. Terminate it',
      runKeys.record(runId),
    );
  }

  private read(runId: string): Promise<RunRecord> {
    return requireSealed<RunRecord>(this.dependencies.store, runKeys.record(runId));
  }

  private async contextOf(record: RunRecord): Promise<LoadedRun> {
    return { record, tasks: tasksOf(record, this.dependencies) };
  }

  /** The task that a split's problems come from, with its parser and equality. */
  async task({ split, ...run }: SplitOfRun): Promise<Task> {
    const { tasks } = await this.run(run);
    return taskOfSplit(tasks, split);
  }

  async society(run: RunReference, iteration: number): Promise<Society> {
    const { record } = await this.run(run);
    return this.remember(nameOf(record, `society ${iteration}`), () =>
      requireSociety(this.dependencies.store, record, iteration),
    );
  }

  /** The problems of a split, in the order in which shards slice them; training problems may differ by iteration. */
  async problems({ split, iteration, ...run }: SplitPlace): Promise<Problem[]> {
    const { record } = await this.run(run);
    const reference = splitFile(record.problems, split, iteration);
    return this.remember(nameOf(record, `problems ${reference.key}`), () => this.readLines<Problem>(reference));
  }

  async shardProblems({ plan, split, iteration, from, count }: ShardInput): Promise<Problem[]> {
    return (await this.problems({ ...runOf(plan), split, iteration })).slice(from, from + count);
  }

  async problem(place: SplitPlace, problemId: string): Promise<Problem> {
    const { record } = await this.run(place);
    const byId = await this.remember(nameOf(record, `problems by id ${place.split} ${place.iteration}`), async () => {
      return new Map((await this.problems(place)).map((problem) => [problem.id, problem]));
    });
    const problem = byId.get(problemId);
    if (problem !== undefined) return problem;
    throw ApplicationFailure.nonRetryable(`run ${place.runId} has no ${place.split} problem ${problemId}`);
  }

  async prompts({ split, ...run }: SplitOfRun): Promise<PromptSet> {
    const { record, tasks } = await this.run(run);
    const { specification } = record;
    return promptsFor(specification.method.prompts, taskOfSplit(tasks, split));
  }

  private async readLines<Line>(reference: ArtifactReference): Promise<Line[]> {
    const bytes = await this.dependencies.store.readVerified(reference);
    return parseLines<Line>(bytes);
  }

  private async remember<Value>(name: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.memory.get(name) as Promise<Value> | undefined;
    if (known !== undefined) return known;
    const loading = load();
    this.memory.set(name, loading);
    // A failed load is not remembered: the next attempt may find the artifact.
    loading.catch(() => this.memory.delete(name));
    const [oldest] = this.memory.keys();
    if (this.memory.size > mostRemembered && oldest !== undefined) this.memory.delete(oldest);
    return loading;
  }
}

const mostRemembered = 64;

/** How long a record that was found is assumed to be still there. */
const trustedForMs = 1_000;

function nameOf({ runId, createdAt }: RunRecord, what: string): string {
  return `${runId} ${createdAt} ${what}`;
}

export interface SplitPlace extends SplitOfRun {
  iteration: number;
}

interface SplitOfRun extends RunReference {
  split: Split;
}

/** Takes only the reference from a plan that is part of a larger object. */
export function runOf({ runId, recordDigest }: RunReference): RunReference {
  return { runId, recordDigest };
}

/** Which file of a split an iteration uses: with `problems: fresh` every iteration trains on its own. */
export function splitFile(files: SplitReferences, split: Split, iteration: number): ArtifactReference {
  const reference = { train: files.train[iteration - 1], eval: files.eval, [validationSplit]: files.validation }[split];
  if (reference === undefined)
    throw ApplicationFailure.nonRetryable(`no ${split} problems were drawn for iteration ${iteration}`);
  return reference;
}
