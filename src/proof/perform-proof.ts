/** Makes the runs of a proof that are not finished, one after the other, on servers that are started once for all. */
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { followRun, RunCancelled, RunFailed } from '../runs/follow';
import { createProgressDisplay } from '../runs/progress-display';
import { standingOf } from '../runs/standing';
import { startOrAttach } from '../runs/start-run';
import { withServers, type PlatformRequest, type Servers } from '../runs/with-platform';
import type { PlannedRun, ProofPlan } from './plan';
import { ProofProgress, withProofLines, type RunToDo } from './proof-progress';

/** A run that ended without a result; the proof goes on without it. */
export interface FailedRun {
  runId: string;
  reason: string;
}

/**
 * Returns the runs that failed. Throws `RunCancelled` on Ctrl-C (the same command goes on where it was), `InvalidRunSpec`
 * where a run of the same id was made with other settings. Starts no server where nothing is left to do.
 */
export async function performRuns(
  plan: ProofPlan,
  store: ArtifactStore,
  platform: Omit<PlatformRequest, 'command'>,
): Promise<FailedRun[]> {
  const left = await unfinishedRuns(plan, store);
  const finished = plan.runs.length - left.length;
  platform.listener(`proof: ${plan.runs.length} runs, ${finished} of them finished already`);
  if (left.length === 0) return [];
  const progress = new ProofProgress(left, plan.runs.length);
  return withServers({ ...platform, command: 'proof' }, async (servers) => {
    if (servers.uiUrl !== null) platform.listener(`Temporal UI: ${servers.uiUrl}`);
    const failed: FailedRun[] = [];
    for (const { run } of left) {
      const reason = await performOne(servers, run, { progress, interrupted: platform.interrupted });
      if (reason !== undefined) failed.push({ runId: run.runId, reason });
    }
    return failed;
  });
}

async function unfinishedRuns({ runs }: ProofPlan, store: ArtifactStore): Promise<RunToDo[]> {
  const left: RunToDo[] = [];
  for (const run of runs) {
    const { standing, digest } = await standingOf(store, run.runId);
    if (digest !== undefined && digest !== run.resolved.digest) {
      throw new InvalidRunSpec([
        `run ${run.runId} exists with another specification than the proof's today: set MAFT_HOME to a fresh folder, or restore the settings it was made with`,
      ]);
    }
    if (standing !== 'finished') left.push({ run, begunEarlier: standing === 'unfinished' });
  }
  return left;
}

/** Starts the run, or goes on with it; returns why it failed, if it did. */
async function performOne(
  { client }: Servers,
  run: PlannedRun,
  { progress, interrupted }: { progress: ProofProgress; interrupted: AbortSignal },
): Promise<string | undefined> {
  if (interrupted.aborted) throw cancelled(progress.describe(run));
  const display = withProofLines(createProgressDisplay(process.stderr), progress, run);
  display.note(progress.describe(run));
  progress.runStarted(run);
  const { workflowId } = await startOrAttach(client, run.runId, { raw: run.raw, digest: run.resolved.digest });
  try {
    await followRun(client, workflowId, { display, interrupted });
    return undefined;
  } catch (error) {
    if (interrupted.aborted) throw cancelled(progress.describe(run));
    if (!(error instanceof RunFailed || error instanceof RunCancelled)) throw error;
    display.note(`${error.message}; going on with the next run`);
    return error.message;
  } finally {
    progress.runEnded(run);
  }
}

function cancelled(where: string): RunCancelled {
  return new RunCancelled(
    `interrupted at ${where.split(',')[0]}; the same command goes on there, --table shows what exists`,
  );
}
