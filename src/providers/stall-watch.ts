/** Notices a live trainer without progress: stopped by a signal, or waiting for a disk or a GPU that never answers. */
import type { TrainingEvent } from '../contract/training-job';

export interface StallLimits {
  /** Between two steps: so many times the slowest one so far … */
  timesSlowestStep: number;
  /** … and at least so long. */
  leastMs: number;
  /** Limit for announced work without a pace: loading and the first step, a checkpoint, publishing. */
  quietMs: number;
}

/** Loading a large model from a network disk takes minutes, and so does writing it. */
export const defaultStallLimits: StallLimits = { timesSlowestStep: 20, leastMs: 60_000, quietMs: 30 * 60_000 };

export class StallWatch {
  /** Why the trainer was given up; undefined as long as it works. */
  reason: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private slowestStepMs: number | undefined;
  private lastEvent = performance.now();
  private events = 0;

  constructor(
    private readonly limits: StallLimits,
    private readonly onStall: () => void,
  ) {
    this.wait(limits.quietMs);
  }

  hear(event: TrainingEvent): void {
    this.events += 1;
    const now = performance.now();
    if (event.event === 'step') this.slowestStepMs = Math.max(this.slowestStepMs ?? 0, now - this.lastEvent);
    this.lastEvent = now;
    this.wait(this.allowanceAfter(event));
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private allowanceAfter(event: TrainingEvent): number {
    const hasPace = event.event === 'checkpoint' || (event.event === 'step' && event.step < event.steps);
    if (!hasPace || this.slowestStepMs === undefined) return this.limits.quietMs;
    return Math.max(this.limits.leastMs, this.limits.timesSlowestStep * this.slowestStepMs);
  }

  private wait(allowanceMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lookAgain(allowanceMs), allowanceMs);
  }

  /** If this process itself was suspended, timers fire before the events that arrived meanwhile. */
  private lookAgain(allowanceMs: number): void {
    const seen = this.events;
    this.timer = setTimeout(
      () => {
        if (this.events === seen) this.giveUp(allowanceMs);
      },
      Math.min(1_000, this.limits.leastMs),
    );
  }

  private giveUp(allowanceMs: number): void {
    const pace = this.slowestStepMs === undefined ? '' : `, its slowest step took ${seconds(this.slowestStepMs)}`;
    this.reason = `did nothing for ${seconds(allowanceMs)}${pace}`;
    this.onStall();
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
}
