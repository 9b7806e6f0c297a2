/**
 * Errors become Temporal failures here and nowhere else; `classified` is applied once, when activities are registered.
 * A `MaftError` says itself whether the same call may succeed later; anything else is a bug and stays one (Temporal
 * retries it like any failure, so that a deployed fix lets the run go on).
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { ArtifactError, MaftError, ProviderError } from '../src/errors';

/** So many answers in a row that are nonsense count as the endpoint's last word. */
const mostNonsense = 5;

/** Activities whose answers are remembered at most; who is forgotten is asked a few times more. */
const mostActivities = 10_000;

type Activity = (input: never) => Promise<unknown>;

/** Wraps every activity so that what it throws is a failure Temporal can act on. */
export function classified<Activities extends Record<keyof Activities, Activity>>(activities: Activities): Activities {
  const streaks = new NonsenseStreaks();
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (input: never) =>
      activity(input).then(
        (result) => {
          streaks.end();
          return result;
        },
        (error: unknown) => Promise.reject(toFailure(error, streaks)),
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
  const outage = isOutage(error);
  const isNonsense = !outage && error instanceof ProviderError;
  if (!isNonsense) streaks.end();
  const exhausted = isNonsense && streaks.grow() >= mostNonsense;
  return ApplicationFailure.create({
    type: error.name,
    message: error.message,
    nonRetryable: !error.retryable || exhausted,
    nextRetryDelay: error.retryAfterMs,
    // No cause: its message is the same, and its stack would stand in every history.
    details: [{ outage }],
  });
}

/** The world around us is broken, not this one request: an endpoint that is down or overloaded, a full disk. */
function isOutage(error: MaftError): boolean {
  if (error instanceof ArtifactError) return error.retryable;
  if (!(error instanceof ProviderError) || !error.retryable) return false;
  return error.status === undefined ? error.unreachable : error.status === 429 || error.status >= 500;
}
