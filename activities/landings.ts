/** A run that lands early: its deadline as an instant, what it leaves out, and what its line gets back. */
import { parseLines } from '../src/artifacts/lines';
import { publishSealed, requireSealed } from '../src/artifacts/sealed';
import { readSociety } from '../src/artifacts/societies';
import type { EndedEarly, FewerProblems, Landing } from '../src/contract/landing';
import type { Problem } from '../src/contract/problem';
import type { RunPlan, RunRecord } from '../src/contract/run';
import { deadlineOf } from '../src/domain/deadline';
import { runKeys } from '../src/domain/keys';
import { findLine, questionDigest } from '../src/stored-runs/stored-line';
import { StoredRun } from '../src/stored-runs/stored-run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';

export interface FindDeadlineInput {
  /** `limits` of a specification that nobody has validated yet. */
  limits: Record<string, unknown>;
  /** Milliseconds since 1970. */
  startedAt: number;
}

export interface FewerProblemsInput {
  plan: RunPlan;
  fewer: Omit<FewerProblems, 'at'>;
}

export interface LandingInput {
  plan: RunPlan;
  landing: Landing;
  /** The last iteration that was evaluated; -1 if none was. */
  last: number;
}

export function createLandingActivities({ store }: Pick<ActivityDependencies, 'store'>) {
  /** An activity because the data base of time zones may differ from one worker to the next. Null without a deadline. */
  async function findDeadline({
    limits: { deadline, timeZone },
    startedAt,
  }: FindDeadlineInput): Promise<number | null> {
    const settings = { deadline: textOf(deadline), timeZone: textOf(timeZone) };
    return deadlineOf(settings, startedAt) ?? null;
  }

  /** Stored before anything is selected: whoever starts the run again debates the same shards. */
  async function recordFewerProblems({ plan, fewer }: FewerProblemsInput): Promise<FewerProblems> {
    const record = { ...fewer, at: new Date().toISOString() };
    return (await publishSealed<FewerProblems>(store, runKeys.fewerProblems(plan.runId), record)).content;
  }

  /** The run is finished now; what it has not trained on is open to later runs of its line. */
  async function recordLanding({ plan, landing, last }: LandingInput): Promise<EndedEarly> {
    return withHeartbeats(async () => {
      const record = { ...landing, last, at: new Date().toISOString() };
      const { content } = await publishSealed<EndedEarly>(store, runKeys.endedEarly(plan.runId), record);
      await releaseUntrained(new StoredRun(store, await requireSealed<RunRecord>(store, runKeys.record(plan.runId))));
      return content;
    });
  }

  async function releaseUntrained(run: StoredRun): Promise<void> {
    const { line: ofLine, runId } = run.record;
    if (ofLine === undefined) return;
    const line = await findLine(store, ofLine.name);
    const trained = await trainedDigests(run);
    const untrained = ((await line.used(runId)) ?? []).filter(({ digest }) => !trained.has(digest));
    if (untrained.length > 0) await line.release(runId, untrained);
  }

  /** Questions of every iteration that made a society, evaluated or not: somebody may still promote it. */
  async function trainedDigests(run: StoredRun): Promise<Set<string>> {
    const { record } = run;
    const { fewer } = await run.landed();
    const digests = new Set<string>();
    for (const iteration of run.iterations.filter((each) => each > 0)) {
      const reference = record.problems.train[iteration - 1];
      if (reference === undefined || (await readSociety(store, record, iteration)) === undefined) continue;
      const problems = parseLines<Problem>(await store.readVerified(reference));
      const { shardSize } = record.plan;
      const isDebated = (index: number) =>
        fewer?.iteration !== iteration || fewer.shards.includes(Math.floor(index / shardSize));
      problems.filter((_, index) => isDebated(index)).forEach(({ question }) => digests.add(questionDigest(question)));
    }
    return digests;
  }

  return { findDeadline, recordFewerProblems, recordLanding };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
