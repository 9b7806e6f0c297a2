/**
 * Errors become Temporal failures here and nowhere else; `classified` is applied once, when activities are registered.
 * A `MaftError` says itself whether the same call may succeed later; anything else is a bug and stays one (Temporal
 * retries it like any failure, so that a deployed fix lets the run go on).
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { ArtifactError, MaftError, ProviderError } from '../src/errors';

/** After this many attempts an answer that is nonsense counts as the endpoint's last word. */
const attemptsOnNonsense = 5;

type Activity = (input: never) => Promise<unknown>;

/** Wraps every activity so that what it throws is a failure Temporal can act on. */
export function classified<Activities extends Record<keyof Activities, Activity>>(activities: Activities): Activities {
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (input: never) => activity(input).catch((error: unknown) => Promise.reject(toFailure(error))),
  ]);
  return Object.fromEntries(wrapped) as Activities;
}

function toFailure(error: unknown): unknown {
  const { cancellationSignal, info } = Context.current();
  // Whatever a call threw because it was aborted, the reason is the cancellation.
  if (cancellationSignal.aborted) return error instanceof CancelledFailure ? error : cancellationSignal.reason;
  if (!(error instanceof MaftError)) return error;
  const outage = isOutage(error);
  const exhausted = !outage && error instanceof ProviderError && info.attempt >= attemptsOnNonsense;
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
