/** Where a proof stands: which run of how many, and about how long all of it still takes, beside the run's own progress. */
import type { RunProgress } from '../contract/run';
import type { ProgressDisplay } from '../runs/progress-display';
import { plannedCalls, type PlannedRun } from './plan';

/** Until this share of a typical run has been seen, an estimate would be a guess. */
const leastShare = 0.02;

/** A run that was begun earlier walks through what is stored in seconds: nothing can be learned from its pace. */
export interface RunToDo {
  run: PlannedRun;
  begunEarlier: boolean;
}

/** Estimates by model calls: most of the time goes into them, and each method's number is known beforehand. */
export class ProofProgress {
  /** What the runs that were begun by this command took until now. */
  private readonly measured = { calls: 0, seconds: 0 };
  private open = { runId: '', since: 0, calls: 0 };

  /** @param left The runs that are not finished yet, in order. */
  constructor(
    private readonly left: readonly RunToDo[],
    private readonly total: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** `run 3 of 20: proof-single-agent-s21, about 1 h 40 min left in all` */
  describe(run: PlannedRun): string {
    const number = this.total - this.left.length + this.placeOf(run) + 1;
    const seconds = this.secondsLeft(run);
    const left = seconds === undefined ? '' : `, about ${roughly(seconds)} left in all`;
    return `run ${number} of ${this.total}: ${run.runId}${left}`;
  }

  runStarted({ runId }: PlannedRun): void {
    this.open = { runId, since: this.now(), calls: 0 };
  }

  saw({ counts }: Pick<RunProgress, 'counts'>): void {
    this.open.calls = Math.max(this.open.calls, counts.calls);
  }

  runEnded(run: PlannedRun): void {
    Object.assign(this.measured, this.soFar(run));
    this.open = { runId: '', since: 0, calls: 0 };
  }

  /** Undefined while too little has been seen. */
  secondsLeft(run: PlannedRun): number | undefined {
    const { calls, seconds } = this.soFar(run);
    if (calls < leastShare * plannedCalls(run)) return undefined;
    const later = this.left.slice(this.placeOf(run) + 1).reduce((sum, each) => sum + plannedCalls(each.run), 0);
    const made = this.open.runId === run.runId ? this.open.calls : 0;
    return (Math.max(0, plannedCalls(run) - made) + later) * (seconds / calls);
  }

  private soFar(run: PlannedRun): { calls: number; seconds: number } {
    const { calls, seconds } = this.measured;
    const learns = this.open.runId === run.runId && this.left[this.placeOf(run)]?.begunEarlier === false;
    if (!learns) return { calls, seconds };
    return { calls: calls + this.open.calls, seconds: seconds + (this.now() - this.open.since) / 1000 };
  }

  private placeOf({ runId }: PlannedRun): number {
    return this.left.findIndex(({ run }) => run.runId === runId);
  }
}

/** To the minute: more would pretend to know more. */
function roughly(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A run's own display, with a line about the whole proof whenever an iteration begins. */
export function withProofLines(display: ProgressDisplay, progress: ProofProgress, run: PlannedRun): ProgressDisplay {
  let said: number | undefined;
  return {
    show(shown) {
      progress.saw(shown);
      if (said !== undefined && said !== shown.iteration) display.note(progress.describe(run));
      said = shown.iteration;
      display.show(shown);
    },
    note: (text) => display.note(text),
    stop: () => display.stop(),
  };
}
