/** A comparison from the command line: servers, start or resume, progress, table. Everything said goes to standard error. */
import type { Client } from '@temporalio/client';
import { readSealed } from '../artifacts/sealed';
import { buildComparison, gatherComparison, type ComparisonReport } from '../comparison';
import { pricesOf, type MachineConfig } from '../machine/config';
import type { EngineOptions } from '../machine/engine';
import type { ComparisonOutcome, ComparisonProgress, ComparisonRecord, FailedRun } from '../contract/comparison';
import { workflowTypes } from '../contract/names';
import type { RunSpecification } from '../contract/specification';
import { comparisonPlan } from '../domain/comparison-order';
import { canonicalJson, runIdOf } from '../domain/digests';
import { rootWorkflowId } from '../domain/identifiers';
import { comparisonKeys } from '../domain/keys';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { stderrListener } from '../machine/setup/progress';
import { resolveSpecification } from '../specification';
import { resolveComparison, type ResolvedComparison } from '../specification/comparison';
import { requirePerformable } from './before-servers';
import { comparedModels } from './compared-bases';
import { openStore } from '../machine/open-store';
import { followWorkflow } from './follow';
import { interruptSignal } from './perform-run';
import { readProgress } from './progress';
import { createProgressDisplay, type ProgressDisplay } from './progress-display';
import { createLoadReader, serversOf, type LoadReader } from './server-load';
import { standingOf } from '../stored-runs/standing';
import { anotherIsOpen, startOrFind } from './start-run';
import { roughly, runToDo, TimeLeft, type RunToDo } from './time-left';
import { withServers } from './with-platform';

/** A comparison under its id, as it would be stored. */
export type PlannedComparison = Omit<ComparisonRecord, 'workflowId' | 'createdAt'>;

/**
 * The comparison that a specification means: the stored one of this id if it has the same specification, otherwise a new one
 * with the name's next free number. Throws `InvalidRunSpec` if a requested id holds another comparison.
 */
export async function planComparison(
  store: ArtifactStore,
  written: unknown,
  id: string | undefined,
): Promise<PlannedComparison> {
  const resolved = resolveComparison(written);
  const name = runIdOf(id ?? resolved.name);
  for (let number = 1; ; number += 1) {
    const comparisonId = number === 1 ? name : `${name}-${number}`;
    const known = await readSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId));
    const isFree = known === undefined && (await standingOf(store, comparisonId)).standing === 'new';
    if (isFree || known?.digest === resolved.digest) return planned(resolved, comparisonId, written);
    if (id !== undefined) {
      const what = known === undefined ? 'a run' : 'a comparison of another specification';
      throw new InvalidRunSpec([`${comparisonId} exists and is ${what}: choose another --id, or none`]);
    }
  }
}

function planned(
  { groups, ...resolved }: ResolvedComparison,
  comparisonId: string,
  written: unknown,
): PlannedComparison {
  return { ...resolved, comparisonId, written, groups: groups(comparisonId), versions: {} };
}

/** The report of what the store holds of a comparison. */
export async function readComparison(
  store: ArtifactStore,
  config: MachineConfig,
  { comparison, failed = [] }: { comparison: PlannedComparison; failed?: readonly FailedRun[] },
): Promise<ComparisonReport> {
  const prices = (endpoint: string) => pricesOf(config, endpoint);
  const stored = await readSealed<ComparisonRecord>(store, comparisonKeys.record(comparison.comparisonId));
  const areClaimsChanged =
    stored !== undefined && canonicalJson(claimsIn(stored)) !== canonicalJson(claimsIn(comparison));
  return buildComparison({ ...(await gatherComparison(store, comparison, { failed, prices })), areClaimsChanged });
}

function claimsIn({ claims = [] }: Pick<ComparisonRecord, 'claims'>) {
  return claims;
}

/** Makes the missing runs and returns those that failed. Starts no server if nothing is left to do. */
export async function performComparison(
  comparison: PlannedComparison,
  config: MachineConfig,
  engine: EngineOptions = {},
): Promise<FailedRun[]> {
  const store = openStore(config);
  const { comparisonId } = comparison;
  const listener = stderrListener();
  const total = comparison.groups.reduce((sum, { runs }) => sum + runs.length, 0);
  const left = await unfinishedRuns(store, comparison);
  listener(`comparison ${comparisonId}: ${total} runs, ${total - left.length} of them finished already`);
  const record = await readSealed<ComparisonRecord>(store, comparisonKeys.record(comparisonId));
  if (left.length === 0 && record !== undefined) return [];
  const interrupted = interruptSignal();
  const runs = runsOf(comparison);
  const specifications = runs.map(({ specification }) => specification);
  const beforeStart = () => requirePerformable(specifications, config);
  const model = await comparedModels(store, runs);
  const request = { command: 'compare', engine, specifications, model, listener, interrupted, beforeStart };
  return withServers(request, async ({ client, uiUrl, modelServerUrl }) => {
    const { written, digest } = comparison;
    const start = { id: comparisonId, specification: written, digest, summary: `comparison ${comparisonId}` };
    const { workflowId, digest: open } = await startOrFind(client, workflowTypes.compare, start);
    if (open !== undefined && open !== digest) throw new InvalidRunSpec([anotherIsOpen(comparisonId)]);
    if (uiUrl !== null) listener(`Temporal UI: ${uiUrl}`);
    listener(`files:       ${store.addressOf(comparisonKeys.folder(comparisonId))}`);
    const display = createProgressDisplay(process.stderr);
    const urls = new Set(specifications.flatMap((each) => serversOf(each, config, modelServerUrl)));
    const readLoad = createLoadReader([...urls]);
    const look = lookAt(client, workflowId, { display, timeLeft: new TimeLeft(left), readLoad });
    const { failed } = await followWorkflow<ComparisonOutcome>(client, workflowId, { display, interrupted, look });
    return failed;
  });
}

/** In the order in which the workflow takes them. */
async function unfinishedRuns(store: ArtifactStore, comparison: PlannedComparison): Promise<RunToDo[]> {
  const runs = comparison.groups.flatMap((group) => group.runs);
  const order = comparisonPlan(comparison).groups.flatMap((group) => group.runs);
  const toDo = runs.map(async ({ runId, specification, specificationDigest }) => {
    const { standing, digest } = await standingOf(store, runId);
    if (standing === 'finished' && digest === specificationDigest) return [];
    return [runToDo(resolveSpecification(specification).specification, { runId, begunEarlier: standing !== 'new' })];
  });
  const left = (await Promise.all(toDo)).flat();
  return left.sort((first, second) => order.indexOf(first.runId) - order.indexOf(second.runId));
}

function runsOf({ groups }: PlannedComparison): { runId: string; specification: RunSpecification }[] {
  return groups.flatMap(({ runs }) =>
    runs.map(({ runId, specification }) => ({ runId, ...resolveSpecification(specification) })),
  );
}

/** A line whenever a run begins, comes to another iteration or fails, and the first open run's own progress below it. */
function lookAt(
  client: Client,
  workflowId: string,
  { display, timeLeft, readLoad }: { display: ProgressDisplay; timeLeft: TimeLeft; readLoad: LoadReader },
): () => Promise<() => void> {
  const said = new Set<string>();
  const sayOnce = (line: string, key = line): void => {
    if (!said.has(key)) display.note(line);
    said.add(key);
  };
  return async () => {
    const { runs, openRuns } = await client.workflow.getHandle(workflowId).query<ComparisonProgress>('progress');
    const open = await Promise.all(openRuns.map((runId) => readProgress(client, rootWorkflowId(runId))));
    const server = await readLoad();
    timeLeft.saw(open.map(({ runId, counts }) => ({ runId, calls: counts.calls })));
    const seconds = timeLeft.secondsLeft(open);
    const left = seconds === undefined ? '' : `, about ${roughly(seconds)} left in all`;
    return () => {
      runs.failed.forEach(({ runId, reason }) => sayOnce(`${runId} failed: ${reason}; going on with the next run`));
      const number = runs.done + runs.failed.length + 1;
      const where = open.map(({ runId, iteration }) => `${runId}/${iteration}`).join();
      if (openRuns.length > 0) sayOnce(`run ${number} of ${runs.total}: ${openRuns.join(', ')}${left}`, where);
      const [first] = open;
      if (first !== undefined) display.show(first, server);
    };
  };
}
