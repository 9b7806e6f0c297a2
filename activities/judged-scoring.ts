/** Scoring that compares its requests, to tell a request that always fails from an endpoint that does. */
import { digestOf } from '../src/domain/digests';
import type { Scoring, TextToTokenize } from '../src/ports';
import type { RequestFailures } from './request-failures';

/** Each kind of request is judged by others of its kind: a model that tokenizes may still be unable to score. */
export function judgedScoring(failures: RequestFailures, endpoint: string, scoring: Scoring): Scoring {
  const perform = <Answer>(
    [kind, model]: [string, string],
    request: unknown,
    ask: () => Promise<Answer>,
    askSmall: () => Promise<unknown>,
  ): Promise<Answer> =>
    failures.perform(
      { endpoint, model: `${model} (${kind})`, requestDigest: digestOf([kind, request]) },
      ask,
      askSmall,
    );
  return {
    tokenize: (text, signal) =>
      perform(
        ['tokenize', text.model],
        text,
        () => scoring.tokenize(text, signal),
        () => scoring.tokenize(small(text), signal),
      ),
    logProbabilities: (request, signal) =>
      perform(
        ['score', request.model],
        request,
        () => scoring.logProbabilities(request, signal),
        () => scoring.logProbabilities({ ...request, texts: request.texts.slice(0, 1).map(firstTokens) }, signal),
      ),
    embed: (request, signal) =>
      perform(
        ['embed', request.model],
        request,
        () => scoring.embed(request, signal),
        () => scoring.embed({ ...request, texts: ['1'] }, signal),
      ),
  };
}

function small({ model }: TextToTokenize): TextToTokenize {
  return { model, text: '1' };
}

function firstTokens(tokens: readonly number[]): readonly number[] {
  return tokens.slice(0, 2);
}
