/** Comparisons of methods: the runs they consist of, whether each is finished, and the resulting table. */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import { buildComparison, gatherComparison, outcomeRow, writeComparisonViews } from '../src/comparison';
import type {
  ComparedRun,
  ComparisonOutcome,
  ComparisonPlan,
  ComparisonRecord,
  OpenComparedRunInput,
  OpenedComparedRun,
  WriteComparisonInput,
} from '../src/contract/comparison';
import type { RunRecord } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import { digestOf, runIdOf } from '../src/domain/digests';
import { comparisonPlan } from '../src/domain/comparison-order';
import { comparisonKeys, runKeys } from '../src/domain/keys';
import { InvalidRunSpec } from '../src/errors';
import { standingOf } from '../src/stored-runs/standing';
import { resolveSpecification, specificationArgument } from '../src/specification';
import { resolveComparison as resolve, type ResolvedComparison } from '../src/specification/comparison';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { registeredAttributes } from './registered-attributes';
import { basePinning } from './pinned-bases';
import { runChecks } from './run-checks';
import { tasksOf } from './run-tasks';
import type { ResolveRunInput } from './runs';

export function createComparisonActivities(dependencies: ActivityDependencies) {
  const { store, machine, platform } = dependencies;
  const { checkedRun } = runChecks(dependencies);
  const pinned = basePinning(dependencies);

  /** Adopts the stored comparison of the same specification (this is resume), or stores a new one. */
  async function resolveComparison({ input }: ResolveRunInput): Promise<ComparisonPlan> {
    return withHeartbeats(() => adoptOrStore(input));
  }

  async function adoptOrStore(input: unknown[]): Promise<ComparisonPlan> {
    const { workflowExecution } = Context.current().info;
    if (workflowExecution === undefined) throw new Error('resolveComparison belongs to a workflow');
    const { workflowId } = workflowExecution;
    const written = specificationArgument(input);
    const resolved = resolve(written);
    const comparisonId = runIdOf(workflowId);
    const key = comparisonKeys.record(comparisonId);
    const known = await readSealed<ComparisonRecord>(store, key);
    const record = known ?? (await storeRecord(recordOf({ comparisonId, workflowId, written }, resolved)));
    if (record.digest === resolved.digest) {
      return { ...comparisonPlan(record), searchAttributes: await registeredAttributes(platform) };
    }
    throw new InvalidRunSpec([
      `comparison ${comparisonId} exists with another specification. Start it under another workflow id, or give the ` +
        'specification it was started with to resume it',
    ]);
  }

  async function storeRecord(record: ComparisonRecord): Promise<ComparisonRecord> {
    const { comparisonId } = record;
    if ((await readSealed<RunRecord>(store, runKeys.record(comparisonId))) !== undefined) {
      throw new InvalidRunSpec([
        `name: ${comparisonId} is a run already; start the comparison under another workflow id`,
      ]);
    }
    await checkRuns(record);
    return (await publishSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId), record)).content;
  }

  /**
   * Reports the problems of all runs before the first one begins. Does not check that a starting society exists, because
   * another run of the comparison may make it.
   */
  async function checkRuns({ groups }: ComparisonRecord): Promise<void> {
    const different = new Map<string, RunSpecification>();
    for (const run of groups.flatMap(({ runs }) => runs)) {
      const { specification } = resolveSpecification(run.specification);
      different.set(digestOf(checkedParts(specification)), specification);
    }
    const problems = new Set<string>();
    for (const specification of different.values()) {
      for (const problem of await refusalOf(specification)) problems.add(problem);
    }
    if (problems.size > 0) throw new InvalidRunSpec([...problems]);
  }

  async function refusalOf(specification: RunSpecification): Promise<string[]> {
    try {
      await checkedRun(await pinned(specification));
      return [];
    } catch (error) {
      if (error instanceof InvalidRunSpec) return error.problems;
      throw error;
    }
  }

  function recordOf(
    identity: Pick<ComparisonRecord, 'comparisonId' | 'workflowId' | 'written'>,
    { groups, ...resolved }: ResolvedComparison,
  ): ComparisonRecord {
    const { versions } = machine;
    return {
      ...identity,
      ...resolved,
      groups: groups(identity.comparisonId),
      versions,
      createdAt: new Date().toISOString(),
    };
  }

  /** Returns the specification to start a run with, and whether the store already holds all of its results. */
  async function openComparedRun(input: OpenComparedRunInput): Promise<OpenedComparedRun> {
    return withHeartbeats(() => openRun(input));
  }

  async function openRun({ comparisonId, runId }: OpenComparedRunInput): Promise<OpenedComparedRun> {
    const record = await requireSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId));
    const runs = record.groups.flatMap((group) => group.runs);
    const run = runs.find((each) => each.runId === runId);
    if (run === undefined) throw new Error(`comparison ${comparisonId} has no run ${runId}`);
    await refuseOtherVersion(runId);
    const finished = await isFinished(run);
    const needed = runs.find((each) => each.runId === run.after);
    if (!finished && needed !== undefined && !(await isFinished(needed))) throw beforeItsTurn(run, needed);
    return { specification: run.specification, finished };
  }

  async function isFinished({ runId, specificationDigest }: ComparedRun): Promise<boolean> {
    const { standing, digest } = await standingOf(store, runId);
    return standing === 'finished' && digest === specificationDigest;
  }

  /** Runs of two program versions would differ by version, not by method. */
  async function refuseOtherVersion(runId: string): Promise<void> {
    const stored = await readSealed<RunRecord>(store, runKeys.record(runId));
    if (stored !== undefined) tasksOf(stored, dependencies);
  }

  async function writeComparison({ comparisonId, failed }: WriteComparisonInput): Promise<ComparisonOutcome> {
    return withHeartbeats(async () => {
      const record = await requireSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId));
      const report = buildComparison(await gatherComparison(store, record, { failed, prices: machine.prices }));
      await writeComparisonViews(store, report);
      const { headline, rows } = report;
      const page = comparisonKeys.reportPage(comparisonId);
      return { comparisonId, headline, rows: rows.map(outcomeRow), failed, page };
    });
  }

  return { resolveComparison, openComparedRun, writeComparison };
}

/** `@last` of an unfinished run is a society on its way, possibly the untuned one, and what a run starts from is stored once. */
function beforeItsTurn({ runId }: ComparedRun, needed: ComparedRun): InvalidRunSpec {
  return new InvalidRunSpec([
    `${runId} starts from the society with which ${needed.runId} ends, and that run has not finished: start the ` +
      'comparison again, which goes on with both',
  ]);
}

/** The settings that the checks of a run read: most runs of a comparison share all of them. */
function checkedParts(specification: RunSpecification) {
  const { seed, iterations, task, evalTask, stopWhen, model, method, evaluation, finetuning, sampling } = specification;
  const { select, prompts, rounds } = method;
  const { scorer, embedding } = evaluation;
  return {
    seed,
    iterations,
    task,
    evalTask,
    stopWhen,
    model,
    finetuning,
    sampling,
    select,
    prompts,
    rounds,
    scorer,
    embedding,
  };
}
