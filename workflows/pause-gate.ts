/**
 * Pausing, for a workflow and the children it has open: while paused nothing new starts, and calls in flight end.
 * A child that finds an endpoint down or a disk full pauses itself and tells the run, which pauses everything.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  setHandler,
  TerminatedFailure,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { gateSignal, pauseSignal, resumeSignal, type GateState } from './messages';
import { isGateState, reasonLine } from './signal-input';

export interface PauseGate {
  readonly paused: boolean;
  readonly reason: string | undefined;
  /** Rises with every pause and every resume of the run. */
  readonly version: number;
  readonly openChildren: string[];
  /** Resolves when nothing is paused. */
  whenOpen(): Promise<void>;
  /** Resolves at the next pause. */
  whenPaused(): Promise<void>;
  /** Pauses this workflow for its own reason, and tells the run it belongs to, unless it is that run. */
  pauseSelf(reason: string): Promise<void>;
  /** From now on no pause holds this workflow: what would pause it fails it instead. */
  release(why: string): void;
  /** As the signal `resume`. */
  resume(): Promise<void>;
  /** Runs a child; while it is open, it receives this workflow's pause and resume. */
  withChild<Result>(workflowId: string, start: () => Promise<Child<Result>>): Promise<Result>;
}

/** A part ended by hand ends the whole run; this error names the part and says that it was ended by hand. */
function sayingWhoEndedIt(error: unknown, workflowId: string): unknown {
  if (!(error instanceof ChildWorkflowFailure) || CancellationScope.current().consideredCancelled) return error;
  const isTerminated = error.cause instanceof TerminatedFailure;
  if (!isTerminated && !(error.cause instanceof CancelledFailure)) return error;
  return ApplicationFailure.nonRetryable(
    `${workflowId} was ${isTerminated ? 'terminated' : 'cancelled'} by hand, so what it is a part of cannot go on. ` +
      'Start the run again: what is stored is kept',
    'EndedByHand',
  );
}

/** Ignores failed signals: a child may close while its signal is on its way. */
async function tell(children: Child<unknown>[], state: GateState): Promise<void> {
  await Promise.allSettled(children.map((child) => child.signal(gateSignal, state)));
}

type Child<Result> = Pick<ChildWorkflowHandle<() => Promise<Result>>, 'signal' | 'result'>;

/**
 * Installs the handlers of `pause` and `resume`. Call first thing, before anything is awaited. Only the run itself decides:
 * a part that is asked to pause asks the run, and every part follows the newest state it has heard of. A problem that a part
 * reports from before the last resume is ignored: that step is tried again, and reports the problem again if it lasts.
 *
 * @param onChange Called after every pause and every resume.
 */
export function createPauseGate(
  { paused = false, reason: startReason, version = 0 }: Partial<GateState>,
  onChange: () => void = () => undefined,
): PauseGate {
  const children = new Map<string, Child<unknown>>();
  const { root, parent } = workflowInfo();
  const above = root ?? parent;
  const run = above === undefined ? undefined : getExternalWorkflowHandle(above.workflowId);
  let state: GateState = { version, paused, reason: startReason };
  let released: string | undefined;

  const enter = async (next: GateState): Promise<void> => {
    state = next;
    log.info(next.paused ? 'paused' : 'resumed', { reason: next.reason });
    // A signal that came with the start is handled before the caller, which owns `onChange`, has received the gate.
    await Promise.resolve();
    onChange();
    await tell([...children.values()], next);
  };
  setHandler(pauseSignal, async (sent, heard) => {
    const why = reasonLine(sent);
    if (run !== undefined) return run.signal(pauseSignal, why);
    if (released !== undefined) return;
    const isOutdated = typeof heard === 'number' && heard < state.version;
    if (!state.paused && !isOutdated) await enter({ version: state.version + 1, paused: true, reason: why });
  });
  const resume = async (): Promise<void> => {
    if (run !== undefined) return run.signal(resumeSignal);
    await enter({ version: state.version + 1, paused: false });
  };
  setHandler(resumeSignal, resume);
  setHandler(gateSignal, async (heard) => {
    if (isGateState(heard) && heard.version > state.version)
      await enter({ ...heard, reason: reasonLine(heard.reason) });
  });

  return {
    get paused() {
      return state.paused;
    },
    get reason() {
      return state.reason;
    },
    get version() {
      return state.version;
    },
    get openChildren() {
      return [...children.keys()];
    },
    resume,
    whenOpen: () => condition(() => !state.paused),
    whenPaused: () => condition(() => state.paused),
    release(why) {
      released = why;
      if (!state.paused) return;
      state = { version: state.version + 1, paused: false };
      log.info('resumed', { reason: why });
      onChange();
    },
    async pauseSelf(why) {
      if (released !== undefined)
        throw ApplicationFailure.nonRetryable(`${why} (not waited for: ${released})`, 'NotWaiting');
      if (state.paused) return;
      log.warn('paused itself', { reason: why });
      if (run === undefined) return enter({ version: state.version + 1, paused: true, reason: why });
      // The run's answer will have a higher version, whichever it is.
      state = { ...state, paused: true, reason: why };
      await run.signal(pauseSignal, why, state.version);
    },
    async withChild<Result>(workflowId: string, start: () => Promise<Child<Result>>): Promise<Result> {
      const child = await start();
      children.set(workflowId, child);
      try {
        // A child begins at version 0, and does not know of a pause that came while it was being started.
        if (state.version > 0) await tell([child], state);
        return await child.result().catch((error: unknown) => Promise.reject(sayingWhoEndedIt(error, workflowId)));
      } finally {
        children.delete(workflowId);
      }
    },
  };
}
