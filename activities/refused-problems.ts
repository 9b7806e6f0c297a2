/**
 * A batch that a model endpoint refuses for good is asked for again problem by problem, so that one problem's text costs
 * only that problem.
 */
import type { Transcript } from '../src/contract/transcript';
import type { RefusedProblem } from '../src/contract/measures';
import { ProviderError } from '../src/errors';

export interface BatchResult<Result> {
  results: Result[];
  refused: RefusedProblem[];
}

/**
 * Performs a batch. Throws its error if no problem of it succeeds by itself: then the endpoint is at fault. A problem that
 * may still succeed fails the whole attempt; the others are asked first, so that several use up their attempts together.
 */
export async function withoutRefusedProblems<Result>(
  batch: readonly Transcript[],
  perform: (transcripts: readonly Transcript[]) => Promise<Result>,
): Promise<BatchResult<Result>> {
  try {
    return { results: [await perform(batch)], refused: [] };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (batch.length > 1) return oneByOne(batch, perform, error);
    if (!error.isOfRequest) throw error;
    return { results: [], refused: batch.map(({ problemId }) => ({ problemId, reason: error.message })) };
  }
}

async function oneByOne<Result>(
  batch: readonly Transcript[],
  perform: (transcripts: readonly Transcript[]) => Promise<Result>,
  ofBatch: ProviderError,
): Promise<BatchResult<Result>> {
  const done: BatchResult<Result> = { results: [], refused: [] };
  const retryable: ProviderError[] = [];
  for (const transcript of batch) {
    try {
      done.results.push(await perform([transcript]));
    } catch (error) {
      if (!(error instanceof ProviderError) || error.isOutage) throw error;
      if (error.retryable) retryable.push(error);
      else done.refused.push({ problemId: transcript.problemId, reason: error.message });
    }
  }
  if (retryable[0] !== undefined) throw retryable[0];
  if (done.results.length === 0) throw ofBatch;
  return done;
}

function isRefusal(error: unknown): error is ProviderError {
  return error instanceof ProviderError && !error.retryable && !error.isOutage;
}
