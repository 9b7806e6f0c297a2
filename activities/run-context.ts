/**
 * What activities of one run read again and again: the run record, its problems, its societies. Immutable artifacts, so
 * a worker keeps the last few in memory, until it sees that the run was deleted and begun anew under the same id.
 */
import { ApplicationFailure } from '@temporalio/common';
import { parseLines } from '../src/artifacts/lines';
import { requireSealed } from '../src/artifacts/sealed';
import { requireSociety } from '../src/artifacts/societies';
import type { Problem } from '../src/contract/problem';
import type { ArtifactReference, RunRecord, ShardInput, SplitReferences } from '../src/contract/run';
import type { Society } from '../src/contract/society';
import { validationSplit, type Split } from '../src/contract/transcript';
import { runKeys } from '../src/domain/keys';
import { promptsFor, type PromptSet } from '../src/prompts';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { Task } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { taskOfSplit, tasksOf } from './run-tasks';

export interface RunContext {
  record: RunRecord;
  tasks: RunTasks;
}

export class RunContexts {
  private readonly memory = new Map<string, Promise<unknown>>();
  /** The last look at a run's record in the store: when, and what all who ask meanwhile wait for. */
  private readonly looks = new Map<string, { at: number; looked: Promise<void> }>();

  constructor(private readonly dependencies: ActivityDependencies) {}

  async run(runId: string): Promise<RunContext> {
    let look = this.looks.get(runId);
    if (look === undefined || Date.now() - look.at > trustedForMs) {
      look = { at: Date.now(), looked: this.forgetIfReplaced(runId) };
      this.looks.set(runId, look);
      // A failed look is not one: the next who asks looks again.
      look.looked.catch(() => this.looks.delete(runId));
    }
    await look.looked;
    return this.remember(recordName(runId), async () => {
      const record = await requireSealed<RunRecord>(this.dependencies.store, runKeys.record(runId));
      return { record, tasks: tasksOf(record, this.dependencies) };
    });
  }

  /** Other specification, other problems: what is remembered of the run that had this id before has a name of its own. */
  private async forgetIfReplaced(runId: string): Promise<void> {
    const known = (await this.memory.get(recordName(runId))) as RunContext | undefined;
    if (known === undefined) return;
    const record = await requireSealed<RunRecord>(this.dependencies.store, runKeys.record(runId));
    if (record.createdAt !== known.record.createdAt) this.memory.delete(recordName(runId));
  }

  /** The task that a split's problems come from, with its parser and equality. */
  async task({ runId, split }: Pick<SplitPlace, 'runId' | 'split'>): Promise<Task> {
    const { tasks } = await this.run(runId);
    return taskOfSplit(tasks, split);
  }

  async society(runId: string, iteration: number): Promise<Society> {
    const { record } = await this.run(runId);
    return this.remember(nameOf(record, `society ${iteration}`), () =>
      requireSociety(this.dependencies.store, record, iteration),
    );
  }

  /** The problems of a split, in the order in which shards slice them; training problems may differ by iteration. */
  async problems({ runId, split, iteration }: SplitPlace): Promise<Problem[]> {
    const { record } = await this.run(runId);
    const reference = splitFile(record.problems, split, iteration);
    return this.remember(nameOf(record, `problems ${reference.key}`), () => this.readLines<Problem>(reference));
  }

  async shardProblems({ plan, split, iteration, from, count }: ShardInput): Promise<Problem[]> {
    return (await this.problems({ runId: plan.runId, split, iteration })).slice(from, from + count);
  }

  async problem(place: SplitPlace, problemId: string): Promise<Problem> {
    const { record } = await this.run(place.runId);
    const byId = await this.remember(nameOf(record, `problems by id ${place.split} ${place.iteration}`), async () => {
      return new Map((await this.problems(place)).map((problem) => [problem.id, problem]));
    });
    const problem = byId.get(problemId);
    if (problem !== undefined) return problem;
    throw ApplicationFailure.nonRetryable(`run ${place.runId} has no ${place.split} problem ${problemId}`);
  }

  async prompts({ runId, split }: Pick<SplitPlace, 'runId' | 'split'>): Promise<PromptSet> {
    const { record, tasks } = await this.run(runId);
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

/** So long a record that was read is taken for the one in the store. */
const trustedForMs = 1_000;

function recordName(runId: string): string {
  return `${runId} record`;
}

function nameOf({ runId, createdAt }: RunRecord, what: string): string {
  return `${runId} ${createdAt} ${what}`;
}

export interface SplitPlace {
  runId: string;
  split: Split;
  iteration: number;
}

/** Which file of a split an iteration uses: with `problems: fresh` every iteration trains on its own. */
export function splitFile(files: SplitReferences, split: Split, iteration: number): ArtifactReference {
  const reference = { train: files.train[iteration - 1], eval: files.eval, [validationSplit]: files.validation }[split];
  if (reference === undefined)
    throw ApplicationFailure.nonRetryable(`no ${split} problems were drawn for iteration ${iteration}`);
  return reference;
}
