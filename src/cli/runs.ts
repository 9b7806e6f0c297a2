/** `maft runs`: every run in the store, with its result; a running server says what unfinished ones are doing. */
import type { Command } from 'commander';
import { readSealed } from '../artifacts/sealed';
import { loadConfig, type MachineConfig } from '../machine/config';
import type { ComparisonRecord } from '../contract/comparison';
import { comparisonKeys } from '../domain/keys';
import { ArtifactError } from '../errors';
import type { ArtifactStore } from '../ports';
import { findServers } from '../runs/find-servers';
import { runStates, type RunState } from '../runs/run-states';
import { courseOf, standingOf } from '../stored-runs/standing';
import { storedRunIds, StoredRun } from '../stored-runs/stored-run';
import { connectClient } from '../machine/temporal-client';
import { openStore } from '../machine/open-store';
import { visibleJson, visibleText } from '../visible-text';
import { explain } from './exit-codes';

interface RunSummary {
  runId: string;
  task: string;
  method: string;
  seed: number;
  iterations: number;
  /** Society accuracy (0..1) of each iteration evaluated so far, from iteration 0. */
  accuracy: number[];
  finished: boolean;
  /** Why a run of a line asked nothing; absent if it did not end so. */
  skipped?: string;
  /** Why it ended earlier than planned, or on fewer training problems; absent if it did not. */
  landed?: string;
  /** The line it belongs to; absent if none. */
  line?: string;
  /** Temporal's state of an unfinished run; absent if no server is running or answers. */
  state?: RunState['state'];
  reason?: string;
  createdAt: string;
  workflowId: string;
}

export function register(program: Command): void {
  program
    .command('runs')
    .description('list the runs in the store: task, method, iterations, accuracy, and what unfinished ones are doing')
    .option('--json', 'one JSON object per line: each run (it has a runId), then each comparison (a comparisonId)')
    .addHelpText('after', "\nExample:\n  maft runs --json | jq 'select(.runId).accuracy'")
    .action(list);
}

async function list(options: { json?: boolean }): Promise<void> {
  const config = loadConfig();
  const store = openStore(config);
  const runIds = await storedRunIds(store);
  const found = await Promise.all(runIds.map((runId) => unlessDamaged(runId, () => summarise(store, runId))));
  const runs = await withStates(
    config,
    found.filter((run) => run !== undefined).sort((left, right) => (left.createdAt < right.createdAt ? -1 : 1)),
  );
  if (runs.length === 0) process.stderr.write(`no runs in ${config.store}\n`);
  for (const run of runs) process.stdout.write(`${options.json ? visibleJson(run) : visibleText(describe(run))}\n`);
  for (const comparison of await listComparisons(store)) {
    process.stdout.write(`${options.json ? visibleJson(comparison) : visibleText(describeComparison(comparison))}\n`);
  }
}

/** Adds what running servers, if any, say of unfinished runs. */
async function withStates(config: MachineConfig, runs: RunSummary[]): Promise<RunSummary[]> {
  const unfinished = runs.filter(({ finished }) => !finished).map(({ workflowId }) => workflowId);
  const servers = findServers(config);
  if (servers === undefined || unfinished.length === 0) return runs;
  try {
    const client = await connectClient(servers.target);
    const states = await runStates(client, unfinished).finally(() => client.connection.close());
    return runs.map((run) => ({ ...run, ...states.get(run.workflowId) }));
  } catch (error) {
    process.stderr.write(`${explain(error)}\nso what unfinished runs are doing is left out\n`);
    return runs;
  }
}

/** One damaged file does not hide what is whole. */
async function unlessDamaged<Summary>(id: string, summarise: () => Promise<Summary>): Promise<Summary | undefined> {
  try {
    return await summarise();
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    process.stderr.write(`${id}: ${error.message}\n`);
    return undefined;
  }
}

interface ComparisonSummary {
  comparisonId: string;
  methods: string[];
  tasks: string[];
  seeds: number[];
  runs: { finished: number; total: number };
}

/** Their runs are listed like any other; this says which comparison they belong to. */
async function listComparisons(store: ArtifactStore): Promise<ComparisonSummary[]> {
  const keys = await store.list('comparisons');
  const ids = keys.map((key) => key.slice('comparisons/'.length));
  const summaries = await Promise.all(ids.map((id) => unlessDamaged(id, () => summariseComparison(store, id))));
  return summaries.filter((summary) => summary !== undefined);
}

async function summariseComparison(store: ArtifactStore, id: string): Promise<ComparisonSummary | undefined> {
  const record = await readSealed<ComparisonRecord>(store, comparisonKeys.record(id));
  if (record === undefined) return undefined;
  const { comparisonId, methods, tasks, seeds, groups } = record;
  const runIds = groups.flatMap(({ runs }) => runs.map(({ runId }) => runId));
  const standings = await Promise.all(runIds.map((runId) => standingOf(store, runId)));
  const finished = standings.filter(({ standing }) => standing === 'finished').length;
  const names = methods.map(({ name }) => name);
  return { comparisonId, methods: names, tasks, seeds, runs: { finished, total: runIds.length } };
}

function describeComparison({ comparisonId, methods, tasks, seeds, runs }: ComparisonSummary): string {
  const parts = [
    `comparison of ${methods.join(', ')}`,
    tasks.join(', '),
    `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
    `${runs.finished} of ${runs.total} runs finished`,
  ];
  return `${comparisonId.padEnd(28)} ${parts.join(' · ')}`;
}

async function summarise(store: ArtifactStore, runId: string): Promise<RunSummary | undefined> {
  const run = await StoredRun.find(store, runId);
  if (run === undefined) return undefined;
  const { plan, specification, createdAt, workflowId } = run.record;
  const accuracies = await Promise.all(run.iterations.map((iteration) => run.accuracy(iteration)));
  const accuracy = accuracies.filter((share) => share !== undefined);
  const finished = (await courseOf(run)).ended !== undefined;
  const { task, method, iterations } = plan;
  return {
    ...{ runId, task, method, seed: specification.seed, iterations, accuracy, finished },
    ...(plan.skipped === undefined ? {} : { skipped: plan.skipped }),
    ...(await landingOf(run)),
    ...(plan.line === undefined ? {} : { line: plan.line.name }),
    ...{ createdAt, workflowId },
  };
}

async function landingOf(run: StoredRun): Promise<Pick<RunSummary, 'landed'>> {
  const { fewer, ended } = await run.landed();
  const landing = ended ?? fewer;
  return landing === undefined ? {} : { landed: landing.why };
}

function describe(run: RunSummary): string {
  const { runId, task, method, seed, iterations, accuracy, finished, skipped, landed } = run;
  if (skipped !== undefined) return `${runId.padEnd(28)} ${task} · ${method} · skipped: ${skipped}`;
  const curve = accuracy.map((value) => (100 * value).toFixed(1)).join(' -> ') || 'nothing evaluated yet';
  const reached = `iteration ${Math.max(0, accuracy.length - 1)} of ${iterations}`;
  const doing = [run.state, run.reason].filter((part) => part !== undefined).join(': ');
  const state = finished ? 'finished' : [doing, reached].filter((part) => part !== '').join(' · ');
  return `${runId.padEnd(28)} ${task} · ${method} · seed ${seed} · ${state} · accuracy % ${curve}${landed === undefined ? '' : ` · landed early: ${landed}`}`;
}
