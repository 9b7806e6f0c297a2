/**
 * Errors become Temporal failures here and nowhere else; `classified` is applied once, when activities are registered.
 * A `MaftError` says itself whether the same call may succeed later; anything else is a bug and stays one (Temporal
 * retries it like any failure, so that a deployed fix lets the run go on).
 */
import { hostname } from 'node:os';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { pauseAfterAttempt } from '../src/contract/retries';
import { trainerExitCodes } from '../src/contract/training-job';
import {
  ArtifactError,
  ConfigError,
  MaftError,
  PaymentRefused,
  ProviderError,
  TaskError,
  TrainerError,
} from '../src/errors';
import { namingWrongStore, type LookedAt } from './wrong-store';

/** After this many nonsense answers in a row, the activity is not retried. */
const mostNonsense = 5;

/** Most activities remembered; a forgotten one is retried a few times more. */
const mostActivities = 10_000;

type Activity = (input: never) => Promise<unknown>;

/** Wraps every activity so that what it throws is a failure Temporal can act on. */
export function classified<Activities extends Record<keyof Activities, Activity>>(
  activities: Activities,
  store: LookedAt,
): Activities {
  const streaks = new NonsenseStreaks();
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (input: never) =>
      activity(input).then(
        (result) => {
          streaks.end();
          return result;
        },
        async (error: unknown) => Promise.reject(toFailure(await namingWrongStore(error, store), streaks)),
      ),
  ]);
  return Object.fromEntries(wrapped) as Activities;
}

/** Nonsense answers in a row, per activity, in this worker. An outage or a killed worker ends a streak. */
class NonsenseStreaks {
  private readonly lengths = new Map<string, number>();

  /** Adds one to the current activity's streak and returns its length. */
  grow(): number {
    const length = (this.lengths.get(nameOfActivity()) ?? 0) + 1;
    this.end();
    this.lengths.set(nameOfActivity(), length);
    const [oldest] = this.lengths.keys();
    if (this.lengths.size > mostActivities && oldest !== undefined) this.lengths.delete(oldest);
    return length;
  }

  end(): void {
    this.lengths.delete(nameOfActivity());
  }
}

function nameOfActivity(): string {
  const { workflowExecution, activityId } = Context.current().info;
  return `${workflowExecution?.runId ?? ''}/${activityId}`;
}

function toFailure(error: unknown, streaks: NonsenseStreaks): unknown {
  const { cancellationSignal } = Context.current();
  // An aborted call may throw anything; the reason is the cancellation.
  if (cancellationSignal.aborted) return error instanceof CancelledFailure ? error : cancellationSignal.reason;
  if (!(error instanceof MaftError)) return error;
  const ofThisWorker = isOfThisWorker(error) && !isBeginning();
  const outage = ofThisWorker || isOutage(error);
  const isNonsense = !outage && error instanceof ProviderError && error.retryable;
  if (!isNonsense) streaks.end();
  const exhausted = isNonsense && streaks.grow() >= mostNonsense;
  return ApplicationFailure.create({
    type: error.name,
    message: ofThisWorker ? `worker ${process.pid}@${hostname()}: ${error.message}` : error.message,
    nonRetryable: !(error.retryable || ofThisWorker) || exhausted || asksForTooLong(error),
    nextRetryDelay: nextRetryDelay(error),
    // No cause: its message is the same, and its stack would be in every history.
    details: [{ outage }],
  });
}

/**
 * Failures that the operator must fix on this worker's machine: a missing endpoint, key or program, a store it may not
 * write. Another worker may have all that, and the problem itself is fine.
 */
function isOfThisWorker(error: MaftError): boolean {
  if (error instanceof ConfigError) return !(error instanceof TaskError);
  return error instanceof ArtifactError && error.isRefused;
}

/** Starting a run fails at once if something it needs is missing. */
function isBeginning(): boolean {
  return Context.current().info.activityType.startsWith('resolve');
}

/** Longest requested wait, milliseconds, that is retried; for a longer one the run pauses itself at once and says why. */
const longestWait = 10 * 60_000;

function asksForTooLong({ retryAfterMs = 0 }: MaftError): boolean {
  return retryAfterMs > longestWait;
}

/**
 * Returns the wait that the host asked for, unless the retry policy would wait longer: attempts are limited, and callers
 * that come back each second would soon have used up theirs.
 */
function nextRetryDelay({ retryAfterMs }: MaftError): number | undefined {
  return retryAfterMs && Math.max(retryAfterMs, pauseAfterAttempt(Context.current().info.attempt));
}

/** Failures that people must fix and waiting cannot: a refused key, spent credit. */
const peopleMend = new Set([401, 402]);

const brokenMachine: readonly (number | null)[] = [
  trainerExitCodes.noSpace,
  trainerExitCodes.machineFault,
  trainerExitCodes.changedWeights,
];

/**
 * The environment is broken, not this one request: an endpoint that is down, overloaded, or lacks the model, a key or
 * an account it no longer takes, a spending limit that is reached, a full disk, a store that is not mounted, a GPU that fails,
 * published weights that have changed since.
 */
function isOutage(error: MaftError): boolean {
  if (error instanceof PaymentRefused) return true;
  if (error instanceof ArtifactError) return error.retryable;
  if (error instanceof TrainerError) return brokenMachine.includes(error.exitCode);
  if (!(error instanceof ProviderError)) return false;
  if (error.isOutage) return true;
  const { status, unreachable, retryable } = error;
  return status === undefined ? unreachable : retryable || peopleMend.has(status);
}
