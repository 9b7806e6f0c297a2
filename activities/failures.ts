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

/** So many answers in a row that are nonsense count as the endpoint's last word. */
const mostNonsense = 5;

/** Activities whose answers are remembered at most; who is forgotten is asked a few times more. */
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

/** How often in a row the attempts of an activity met nonsense, in this worker: an outage or a killed worker between is none. */
class NonsenseStreaks {
  private readonly lengths = new Map<string, number>();

  /** Of the current activity, with one more. */
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
  // Whatever a call threw because it was aborted, the reason is the cancellation.
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
    // No cause: its message is the same, and its stack would stand in every history.
    details: [{ outage }],
  });
}

/**
 * What its operator has to mend on the machine of this worker: a missing endpoint, key or program, a store it may not write.
 * Another worker may have all that, and nothing is wrong with the problem that was asked about.
 */
function isOfThisWorker(error: MaftError): boolean {
  if (error instanceof ConfigError) return !(error instanceof TaskError);
  return error instanceof ArtifactError && error.isRefused;
}

/** Whoever starts a run is told at once what is missing for it. */
function isBeginning(): boolean {
  return Context.current().info.activityType.startsWith('resolve');
}

/** A wait, milliseconds, after which nobody would still be looking: then the run pauses itself at once, and says for what. */
const longestWait = 10 * 60_000;

function asksForTooLong({ retryAfterMs = 0 }: MaftError): boolean {
  return retryAfterMs > longestWait;
}

/**
 * A host that asks to wait is obeyed. Where it asks for less than the retry policy would wait, the policy's pause counts:
 * every attempt is one of a limited number, and many callers that come back each second would soon have used up theirs.
 */
function nextRetryDelay({ retryAfterMs }: MaftError): number | undefined {
  return retryAfterMs && Math.max(retryAfterMs, pauseAfterAttempt(Context.current().info.attempt));
}

/** What people have to mend before it goes on, and waiting does not: a refused key, money that is spent. */
const peopleMend = new Set([401, 402]);

const brokenMachine: readonly (number | null)[] = [
  trainerExitCodes.noSpace,
  trainerExitCodes.machineFault,
  trainerExitCodes.changedWeights,
];

/**
 * The world around us is broken, not this one request: an endpoint that is down, overloaded, or lacks the model, a key or
 * an account it no longer takes, a limit of ours that is reached, a full disk, a store that is not mounted, a GPU that fails,
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
