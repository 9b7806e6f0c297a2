/**
 * One completion, stored under its own key before it is used: a retried turn finds it and asks no model. The file
 * carries the digest of the request that made it, so a changed prompt never adopts an old completion.
 */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import type { StoredCompletion } from '../src/contract/completion';
import { digestOf } from '../src/domain/digests';
import { iterationKeys, type TurnPlace } from '../src/domain/keys';
import { ArtifactError } from '../src/errors';
import type { ArtifactStore, ChatRequest, Inference } from '../src/ports';
import { forgetKeptCall, notedAside, notedCall, noteUnused } from './lost-calls';
import { RequestFailures } from './request-failures';
import { UnstoredAnswers } from './unstored-answers';

/** What a worker remembers of its calls, beyond the attempts of one activity. */
export interface CallMemory {
  failures: RequestFailures;
  unstored: UnstoredAnswers<StoredCompletion>;
}

export function newCallMemory(): CallMemory {
  return { failures: new RequestFailures(), unstored: new UnstoredAnswers() };
}

/** Where a completion may be stored: its own key, and the same place in other runs, by run id. */
export interface CompletionPlace {
  key: string;
  elsewhere: readonly { runId: string; key: string }[];
  /** What else is recorded with the completion. */
  remarks?: Pick<StoredCompletion, 'askedWithoutEmptyAnswer'>;
}

/** @param reuseTurnsOf Run ids, as in `execution.reuseTurnsOf`. */
export function completionPlace(turn: TurnPlace, reuseTurnsOf: readonly string[] = []): CompletionPlace {
  const elsewhere = reuseTurnsOf.map((runId) => ({ runId, key: iterationKeys.turn({ ...turn, runId }) }));
  return { key: iterationKeys.turn(turn), elsewhere };
}

/** The model to ask, and where to keep the answer. */
export interface Asking extends CallMemory {
  store: ArtifactStore;
  inference: (endpoint: string, account: string) => Inference;
  endpoint: string;
  /** How often a completion may be charged for, lost calls included; absent: as often as it takes. */
  allowed?: number | undefined;
}

/**
 * Returns the stored completion of this request; else adopts one of another run that sent the very same request to the
 * same endpoint; else asks the model and stores its answer.
 */
export async function completeOnce(
  asking: Asking,
  place: CompletionPlace,
  request: ChatRequest,
): Promise<StoredCompletion> {
  const { store, endpoint } = asking;
  const requestDigest = digestOf(request);
  const stored = await readSealed<StoredCompletion>(store, place.key);
  if (stored !== undefined) return sameRequest(place.key, stored, requestDigest);
  const adopted = await answeredElsewhere(store, place.elsewhere, { requestDigest, endpoint });
  if (adopted === undefined) return askAndStore(asking, place, { request, requestDigest });
  const { content } = await publishSealed<StoredCompletion>(store, place.key, adopted);
  return sameRequest(place.key, content, requestDigest);
}

interface Asked {
  request: ChatRequest;
  requestDigest: string;
}

/** Keeps an answer that cannot be stored for the next attempt, so a paid call is not repeated. */
async function askAndStore(
  asking: Asking,
  { key, remarks = {} }: CompletionPlace,
  asked: Asked,
): Promise<StoredCompletion> {
  const { store, endpoint, unstored } = asking;
  const { request, requestDigest } = asked;
  const id = `${key} ${requestDigest}`;
  await unstored.insistOnWritable(store, key);
  const kept = unstored.get(id);
  const { said, isOnlyCall } = kept === undefined ? await ask(asking, key, asked) : { said: kept, isOnlyCall: false };
  const completion = kept ?? { requestDigest, ...request, endpoint, ...said, ...remarks };
  try {
    const { content, created } = await publishSealed<StoredCompletion>(store, key, completion);
    unstored.stored(id);
    if (!created) await noteUnused(store, key, completion.usage);
    else if (isOnlyCall) await forgetKeptCall(store, key);
    return sameRequest(key, content, requestDigest);
  } catch (error) {
    if (error instanceof ArtifactError && (error.retryable || error.isRefused)) unstored.keep(id, completion);
    throw error;
  }
}

async function ask(
  { store, inference, endpoint, failures, allowed }: Asking,
  key: string,
  { request, requestDigest }: Asked,
) {
  const { cancellationSignal: signal } = Context.current();
  const endpointAsked = inference(endpoint, key);
  const { answer, isOnlyCall } = await failures.perform(
    { endpoint, model: request.model, requestDigest },
    () => notedCall(store, key, () => endpointAsked.complete(request, signal), allowed),
    () => notedAside(store, key, () => endpointAsked.complete(smallRequest(request), briefly(signal)), allowed),
  );
  const { text, ...end } = answer;
  return { said: { response: text, ...end }, isOnlyCall };
}

function briefly(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
}

/** A request to the same model, so small that only a model that is down fails to answer. */
function smallRequest({ model, sampling, seed }: ChatRequest): ChatRequest {
  return { model, messages: [{ role: 'user', content: '1+1=?' }], sampling: { ...sampling, maxTokens: 16 }, seed };
}

/** Skips other requests at the same place (other weights, prompt or server): they are not errors. */
async function answeredElsewhere(
  store: ArtifactStore,
  elsewhere: CompletionPlace['elsewhere'],
  asked: { requestDigest: string; endpoint: string },
): Promise<StoredCompletion | undefined> {
  for (const { runId, key } of elsewhere) {
    const found = await readSealed<StoredCompletion>(store, key).catch(undefinedIfDamaged);
    if (found === undefined || found.requestDigest !== asked.requestDigest) continue;
    // Runs of an earlier version did not record the endpoint.
    if (found.endpoint !== undefined && found.endpoint !== asked.endpoint) continue;
    return { ...found, reusedFrom: found.reusedFrom ?? runId };
  }
  return undefined;
}

/** For a completion that the model may be asked for again, such as another run's: a damaged one is not used. */
export function undefinedIfDamaged(error: unknown): undefined {
  if (!(error instanceof ArtifactError) || error.retryable) throw error;
}

function sameRequest(key: string, stored: StoredCompletion, requestDigest: string): StoredCompletion {
  if (stored.requestDigest === requestDigest) return stored;
  throw new ArtifactError(
    'answers another request (prompt, model, sampling or seed differ), so it is not used. ' +
      'Was the program changed since? Give the run another name, or delete the file',
    key,
  );
}
