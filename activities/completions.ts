/**
 * One completion, stored under its own key before anyone uses it: a retried turn finds it and asks nobody. The file
 * carries the digest of the request that made it, so a changed prompt never adopts an old completion.
 */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import type { CallCounts } from '../src/contract/run';
import type { Sampling } from '../src/contract/sampling';
import type { ChatMessage, FinishReason, Usage } from '../src/contract/transcript';
import { digestOf } from '../src/domain/digests';
import { ArtifactError } from '../src/errors';
import type { ArtifactStore, ChatRequest, Inference } from '../src/ports';

/** Content of a turn file. */
export interface StoredCompletion {
  /** SHA-256 (hex) of model, messages, sampling and seed. */
  requestDigest: string;
  model: string;
  messages: ChatMessage[];
  sampling: Sampling;
  seed: number;
  response: string;
  finishReason: FinishReason;
  usage: Usage;
}

/** Returns the stored completion of this request, or asks the model and stores what it says. */
export async function completeOnce(
  { store, inference }: { store: ArtifactStore; inference: Inference },
  key: string,
  request: ChatRequest,
): Promise<StoredCompletion> {
  const requestDigest = digestOf(request);
  const stored = await readSealed<StoredCompletion>(store, key);
  if (stored !== undefined) return sameRequest(key, stored, requestDigest);
  const { text, finishReason, usage } = await inference.complete(request, Context.current().cancellationSignal);
  const completion = { requestDigest, ...request, response: text, finishReason, usage };
  const { content } = await publishSealed<StoredCompletion>(store, key, completion);
  return sameRequest(key, content, requestDigest);
}

function sameRequest(key: string, stored: StoredCompletion, requestDigest: string): StoredCompletion {
  if (stored.requestDigest === requestDigest) return stored;
  throw new ArtifactError(
    'answers another request (prompt, model, sampling or seed differ), so it is not used. ' +
      'Was the program changed since? Give the run another name, or delete the file',
    key,
  );
}

/** Calls and tokens of completions, whether they were asked for now or found. */
export function countCompletions(completions: readonly { usage: Usage }[]): CallCounts {
  return {
    calls: completions.length,
    promptTokens: completions.reduce((sum, { usage }) => sum + usage.promptTokens, 0),
    completionTokens: completions.reduce((sum, { usage }) => sum + usage.completionTokens, 0),
  };
}
