/** Estimates the time left of a comparison by model calls, which take most of the time. */
import type { RunSpecification } from '../contract/specification';
import { plannedWorkload } from '../domain/workload';

/** Until this share of a typical run has been seen, an estimate would be a guess. */
const leastShare = 0.02;

export interface RunToDo {
  runId: string;
  /** First calls that an earlier run has made: they are adopted in seconds. */
  adopted: number;
  /** Calls it makes itself. Other adopted calls are not foreseen, so the estimate errs on the long side. */
  asked: number;
  /** A run that was begun earlier walks through what is stored: its pace says nothing. */
  begunEarlier: boolean;
}

export function runToDo(
  specification: RunSpecification,
  { runId, begunEarlier }: Pick<RunToDo, 'runId' | 'begunEarlier'>,
): RunToDo {
  const { total } = plannedWorkload(specification).calls;
  const startsAlike = specification.execution.reuseTurnsOf !== undefined && specification.model.society === undefined;
  const adopted = startsAlike ? plannedWorkload({ ...specification, iterations: 0 }).calls.evaluation : 0;
  return { runId, adopted, asked: total - adopted, begunEarlier };
}

/** Progress of one open run. */
export interface OpenRun {
  runId: string;
  /** Calls so far, adopted ones among them. */
  calls: number;
}

export class TimeLeft {
  private readonly made = new Map<string, number>();
  private readonly measured = { calls: 0, seconds: 0 };
  private lookedAt: number | undefined;

  /** @param runs Those that are not finished yet, in their order. */
  constructor(
    private readonly runs: readonly RunToDo[],
    private readonly now: () => number = Date.now,
  ) {}

  saw(open: readonly OpenRun[]): void {
    const before = this.lookedAt;
    this.lookedAt = this.now();
    const gained = open.reduce((sum, run) => sum + this.gainOf(run), 0);
    const isTelling = open.length > 0 && open.every(({ runId }) => this.find(runId)?.begunEarlier === false);
    if (before === undefined || !isTelling) return;
    this.measured.calls += gained;
    this.measured.seconds += (this.lookedAt - before) / 1000;
  }

  /** Undefined while too little has been seen. Runs before the first open one have ended. */
  secondsLeft(open: readonly Pick<OpenRun, 'runId'>[]): number | undefined {
    const first = this.runs.findIndex(({ runId }) => open.some((run) => run.runId === runId));
    const { calls, seconds } = this.measured;
    const typical = this.runs.reduce((sum, { asked }) => sum + asked, 0) / this.runs.length;
    if (first < 0 || calls === 0 || calls < leastShare * typical) return undefined;
    const left = this.runs
      .slice(first)
      .reduce((sum, { runId, asked }) => sum + Math.max(0, asked - (this.made.get(runId) ?? 0)), 0);
    return left * (seconds / calls);
  }

  /** Calls that the run has made itself since the last look. */
  private gainOf({ runId, calls }: OpenRun): number {
    const before = this.made.get(runId) ?? 0;
    const made = Math.max(before, calls - (this.find(runId)?.adopted ?? 0));
    this.made.set(runId, made);
    return made - before;
  }

  private find(runId: string): RunToDo | undefined {
    return this.runs.find((run) => run.runId === runId);
  }
}

/** To the minute: more would pretend to know more. */
export function roughly(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
