/** How calls of models are retried, milliseconds: about ten minutes of a broken endpoint. A host that asks to wait gets no less. */
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
