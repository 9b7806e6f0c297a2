/**
 * Pausing, for a workflow and the children it has open: while paused nothing new starts, and calls in flight end.
 * A child that finds an endpoint down or a disk full pauses itself and tells the run, which pauses everything.
 */
import {
  condition,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { pauseSignal, resumeSignal } from './messages';

export interface PauseGate {
  readonly paused: boolean;
  readonly reason: string | undefined;
  readonly openChildren: string[];
  /** Resolves when nothing is paused. */
  whenOpen(): Promise<void>;
  /** Resolves at the next pause. */
  whenPaused(): Promise<void>;
  /** Pauses this workflow for a reason of its own, and tells the run it belongs to, if it is not the run itself. */
  pauseSelf(reason: string): Promise<void>;
  /** Runs a child; while it is open, it receives this workflow's pause and resume. */
  withChild<Result>(workflowId: string, start: () => Promise<Child<Result>>): Promise<Result>;
}

type Child<Result> = Pick<ChildWorkflowHandle<() => Promise<Result>>, 'signal' | 'result'>;

/** Installs the handlers of `pause` and `resume`. Call first thing, before anything is awaited. */
export function createPauseGate(startPaused: boolean, startReason?: string): PauseGate {
  const children = new Map<string, Child<unknown>>();
  let paused = startPaused;
  let reason: string | undefined = startReason;

  const tellChildren = async (signal: typeof pauseSignal | typeof resumeSignal): Promise<void> => {
    // A child may close while the signal is on its way; that is no error of ours.
    await Promise.allSettled([...children.values()].map((child) => child.signal(signal as typeof resumeSignal)));
  };
  setHandler(pauseSignal, async (why) => {
    if (paused) return;
    paused = true;
    reason = why;
    log.info('paused', { reason: why ?? 'asked to' });
    await tellChildren(pauseSignal);
  });
  setHandler(resumeSignal, async () => {
    paused = false;
    reason = undefined;
    log.info('resumed');
    await tellChildren(resumeSignal);
  });

  return {
    get paused() {
      return paused;
    },
    get reason() {
      return reason;
    },
    get openChildren() {
      return [...children.keys()];
    },
    whenOpen: () => condition(() => !paused),
    whenPaused: () => condition(() => paused),
    async pauseSelf(why) {
      if (paused) return;
      paused = true;
      reason = why;
      log.warn('paused itself', { reason: why });
      // The run itself, not the parent: a shard of an evaluation has the evaluation in between, and the run must show why.
      const { root } = workflowInfo();
      if (root !== undefined) await getExternalWorkflowHandle(root.workflowId).signal(pauseSignal, why);
    },
    async withChild<Result>(workflowId: string, start: () => Promise<Child<Result>>): Promise<Result> {
      const child = await start();
      children.set(workflowId, child);
      // The pause may have come while the child was being started.
      if (paused) await child.signal(pauseSignal, reason);
      try {
        return await child.result();
      } finally {
        children.delete(workflowId);
      }
    },
  };
}
