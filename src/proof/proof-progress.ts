/** Where a proof stands: which run of how many, and about how long all of it still takes, beside the run's own progress. */
import type { RunProgress } from '../contract/run';
import type { ProgressDisplay } from '../runs/progress-display';
import { plannedCalls, type PlannedRun } from './plan';

/** Until this share of a typical run has been seen, an estimate would be a guess. */
const leastShare = 0.02;

/** Estimates by model calls: most of the time goes into them, and each method's number is known beforehand. */
export class ProofProgress {
  private readonly startedAt: number;
  /** Calls made since this proof was started, by runs that have ended and by the open one. */
  private ended = 0;
  private open = { runId: '', first: 0, latest: 0 };

  /** @param left The runs that are not finished yet, in order. */
  constructor(
    private readonly left: readonly PlannedRun[],
    private readonly total: number,
    private readonly now: () => number = Date.now,
  ) {
    this.startedAt = now();
  }

  /** `run 3 of 20: proof-single-agent-s21, about 1 h 40 min left in all` */
  describe(run: PlannedRun): string {
    const number = this.total - this.left.length + this.left.indexOf(run) + 1;
    const seconds = this.secondsLeft(run);
    const left = seconds === undefined ? '' : `, about ${roughly(seconds)} left in all`;
    return `run ${number} of ${this.total}: ${run.runId}${left}`;
  }

  /** A run that goes on where it was reports its earlier calls as well: only what is added from now on counts. */
  saw(run: PlannedRun, { counts }: Pick<RunProgress, 'counts'>): void {
    if (this.open.runId !== run.runId) this.open = { runId: run.runId, first: counts.calls, latest: counts.calls };
    this.open.latest = Math.max(this.open.latest, counts.calls);
  }

  runEnded(): void {
    this.ended += this.open.latest - this.open.first;
    this.open = { runId: '', first: 0, latest: 0 };
  }

  /** Undefined while too little has been seen. */
  secondsLeft(run: PlannedRun): number | undefined {
    const made = this.ended + this.open.latest - this.open.first;
    if (made < leastShare * plannedCalls(run)) return undefined;
    const later = this.left.slice(this.left.indexOf(run) + 1).reduce((sum, each) => sum + plannedCalls(each), 0);
    const here = this.open.runId === run.runId ? Math.max(0, plannedCalls(run) - this.open.latest) : plannedCalls(run);
    return ((this.now() - this.startedAt) / 1000) * ((here + later) / made);
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
      progress.saw(run, shown);
      if (said !== undefined && said !== shown.iteration) display.note(progress.describe(run));
      said = shown.iteration;
      display.show(shown);
    },
    note: (text) => display.note(text),
    stop: () => display.stop(),
  };
}
