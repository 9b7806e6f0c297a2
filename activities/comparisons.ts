/** Comparisons of methods: the runs they consist of, whether one is finished, and the table that comes of them. */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import { buildComparison, gatherComparison, outcomeRow, renderComparisonPage } from '../src/comparison';
import type {
  ComparisonOutcome,
  ComparisonPlan,
  ComparisonRecord,
  OpenComparedRunInput,
  OpenedComparedRun,
  WriteComparisonInput,
} from '../src/contract/comparison';
import type { RunRecord } from '../src/contract/run';
import { runIdOf } from '../src/domain/digests';
import { comparisonPlan } from '../src/domain/comparison-order';
import { comparisonKeys, runKeys } from '../src/domain/keys';
import { InvalidRunSpec } from '../src/errors';
import { standingOf } from '../src/runs/standing';
import { specificationArgument } from '../src/specification';
import { resolveComparison as resolve, type ResolvedComparison } from '../src/specification/comparison';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { ResolveRunInput } from './runs';

export function createComparisonActivities({ store, machine }: ActivityDependencies) {
  /** Adopts the stored comparison of the same specification (this is resume), or stores a new one. */
  async function resolveComparison({ input }: ResolveRunInput): Promise<ComparisonPlan> {
    const { workflowExecution } = Context.current().info;
    if (workflowExecution === undefined) throw new Error('resolveComparison belongs to a workflow');
    const { workflowId } = workflowExecution;
    const written = specificationArgument(input);
    const resolved = resolve(written);
    const comparisonId = runIdOf(workflowId);
    const key = comparisonKeys.record(comparisonId);
    const known = await readSealed<ComparisonRecord>(store, key);
    const record = known ?? (await storeRecord(recordOf({ comparisonId, workflowId, written }, resolved)));
    if (record.digest === resolved.digest) return comparisonPlan(record);
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
    return (await publishSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId), record)).content;
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

  /** What a run is started with, and whether the store holds all of its results already. */
  async function openComparedRun({ comparisonId, runId }: OpenComparedRunInput): Promise<OpenedComparedRun> {
    const record = await requireSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId));
    const run = record.groups.flatMap(({ runs }) => runs).find((each) => each.runId === runId);
    if (run === undefined) throw new Error(`comparison ${comparisonId} has no run ${runId}`);
    const { standing, digest } = await standingOf(store, runId);
    return {
      specification: run.specification,
      finished: standing === 'finished' && digest === run.specificationDigest,
    };
  }

  /** Writes `report.json` and `report.html`; both are views, made anew from the runs each time. */
  async function writeComparison({ comparisonId, failed }: WriteComparisonInput): Promise<ComparisonOutcome> {
    return withHeartbeats(async () => {
      const record = await requireSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId));
      const report = buildComparison(await gatherComparison(store, record, { failed, prices: machine.prices }));
      await store.writeView(comparisonKeys.reportData(comparisonId), `${JSON.stringify(report)}\n`);
      await store.writeView(comparisonKeys.reportPage(comparisonId), renderComparisonPage(report));
      const { headline, rows } = report;
      const page = comparisonKeys.reportPage(comparisonId);
      return { comparisonId, headline, rows: rows.map(outcomeRow), failed, page };
    });
  }

  return { resolveComparison, openComparedRun, writeComparison };
}
