/** Follows a run to its end: progress, cancellation on Ctrl-C, and the outcome or the error. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import type { RunOutcome, RunProgress } from '../contract/run';
import { InvalidRunSpec, MaftError } from '../errors';
import { readProgress } from './progress';
import type { LoadReader } from './server-load';
import type { ProgressDisplay } from './progress-display';

const askEveryMs = 2_000;

/** The run ended without an outcome; the message says why and what is kept. */
export class RunFailed extends MaftError {}

/** The run was cancelled, by Ctrl-C here or by another person. */
export class RunCancelled extends MaftError {}

/** @param interrupted Aborted by Ctrl-C: the run is cancelled and its end awaited. */
export async function followRun(
  client: Client,
  workflowId: string,
  {
    display,
    interrupted,
    onProgress = () => undefined,
    readLoad = () => Promise.resolve(''),
  }: {
    display: ProgressDisplay;
    interrupted: AbortSignal;
    onProgress?: (progress: RunProgress) => void;
    readLoad?: LoadReader;
  },
): Promise<RunOutcome> {
  const show = async () => {
    const [progress, server] = await Promise.all([readProgress(client, workflowId), readLoad()]);
    return () => {
      display.show(progress, server);
      onProgress(progress);
    };
  };
  return followWorkflow<RunOutcome>(client, workflowId, { display, interrupted, look: show });
}

export interface Following {
  display: Pick<ProgressDisplay, 'note' | 'stop'>;
  interrupted: AbortSignal;
  /** Queries the progress and returns a function that shows it, unless the run has ended first. */
  look: () => Promise<() => void>;
}

/** Follows any workflow of ours to its end. */
export async function followWorkflow<Outcome>(
  client: Client,
  workflowId: string,
  { display, interrupted, look }: Following,
): Promise<Outcome> {
  const handle = client.workflow.getHandle(workflowId);
  let over = false;
  const cancel = () => {
    display.note('cancelling: calls in flight end, training checkpoints; what is done is kept');
    handle.cancel().catch((error: Error) => display.note(`it could not be cancelled: ${error.message}`));
  };
  if (interrupted.aborted) cancel();
  else interrupted.addEventListener('abort', cancel, { once: true });
  const showing = showUntil(() => over, look);
  try {
    return (await resultOf(handle)) as Outcome;
  } catch (error) {
    throw describeFailure(error, workflowId);
  } finally {
    over = true;
    await showing;
    display.stop();
    interrupted.removeEventListener('abort', cancel);
  }
}

/**
 * A busy server may not answer a poll in its time. The client repeats it after every other failure that may pass, and would give
 * up on this one: with the servers of a `maft run`, so would the run.
 */
async function resultOf(handle: WorkflowHandle): Promise<unknown> {
  for (;;) {
    try {
      return await handle.result();
    } catch (error) {
      if (!isLate(error)) throw error;
      await sleep(askEveryMs);
    }
  }
}

function isLate(error: unknown): boolean {
  const causes = error instanceof Error ? [error, error.cause] : [];
  return causes.some((each) => isGrpcServiceError(each) && each.code === deadlineExceeded);
}

/** gRPC's status DEADLINE_EXCEEDED. */
const deadlineExceeded = 4;

async function showUntil(over: () => boolean, look: Following['look']) {
  while (!over()) {
    // The worker may be starting or busy; the next answer will do.
    const show = await look().catch(() => undefined);
    if (show !== undefined && !over()) show();
    for (let waited = 0; waited < askEveryMs && !over(); waited += 100) await sleep(100);
  }
}

function describeFailure(error: unknown, workflowId: string): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const root = rootCause(error);
  if (root instanceof CancelledFailure) return new RunCancelled(`${workflowId} was cancelled; start it again to go on`);
  if (root instanceof ApplicationFailure && root.type === 'InvalidRunSpec')
    return new InvalidRunSpec(root.message.split('\n'));
  const kind = root instanceof ApplicationFailure ? `${root.type ?? 'failure'}: ` : '';
  const late = root instanceof TimeoutFailure ? 'timed out: ' : '';
  return new RunFailed(`${workflowId} failed: ${kind}${late}${root.message}`);
}

function rootCause(error: Error): Error {
  return error.cause instanceof Error && !(error instanceof ApplicationFailure) ? rootCause(error.cause) : error;
}
