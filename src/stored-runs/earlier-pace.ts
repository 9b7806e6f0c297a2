/** How fast a run may be expected to go: by its own earlier start, else by the newest run of its line. */
import type { Pace } from '../contract/landing';
import { paceOf, plannedProblems } from '../domain/pace';
import type { ArtifactStore } from '../ports';
import { findLine } from './stored-line';
import { StoredRun } from './stored-run';

/** Undefined if no such run has measured anything. */
export async function earlierPace(run: StoredRun, { isResumed }: { isResumed: boolean }): Promise<Pace | undefined> {
  const own = isResumed ? await storedPace(run) : {};
  const before = await paceOfLine(run.store, run.record.plan.line?.name, run.record.runId);
  const pace = { ...before, ...own };
  return Object.keys(pace).length === 0 ? undefined : pace;
}

/** Of the newest run of the line that has trained; its problems, base and method are the same. */
async function paceOfLine(store: ArtifactStore, name: string | undefined, except: string): Promise<Pace> {
  if (name === undefined) return {};
  const ids = (await (await findLine(store, name)).usingRuns()).filter((runId) => runId !== except);
  const runs = (await Promise.all(ids.map((runId) => StoredRun.find(store, runId)))).filter((run) => run !== undefined);
  runs.sort((left, right) => (left.record.createdAt < right.record.createdAt ? 1 : -1));
  for (const run of runs) {
    const pace = await storedPace(run);
    if (pace.finetune !== undefined) return pace;
  }
  return {};
}

async function storedPace(run: StoredRun): Promise<Pace> {
  const { fewer } = await run.landed();
  return paceOf(await run.timings(run.record.plan.iterations), (stage, iteration) => {
    const isFewer = fewer?.iteration === iteration && (stage === 'debate' || stage === 'finetune');
    return isFewer ? fewer.problems : plannedProblems(run.record.plan, stage);
  });
}
