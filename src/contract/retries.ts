/** How model calls are retried, milliseconds: over about ten minutes. A host that asks for a longer wait gets it. */
export const modelRetries = {
  initialInterval: 1_000,
  backoffCoefficient: 2,
  maximumInterval: 30_000,
  maximumAttempts: 24,
} as const;

/** The pause of that policy after an attempt, counted from 1. */
export function pauseAfterAttempt(attempt: number): number {
  const { initialInterval, backoffCoefficient, maximumInterval } = modelRetries;
  return Math.min(maximumInterval, initialInterval * backoffCoefficient ** (attempt - 1));
}
