/** A text that an endpoint can never score is that measure's failure, not the endpoint's. */
import { judgedScoring } from '../../activities/judged-scoring';
import { RequestFailures } from '../../activities/request-failures';
import { ProviderError } from '../../src/errors';
import type { Scoring } from '../../src/ports';

const { signal } = new AbortController();
const broken = () => new ProviderError('CUDA error', { status: 500, retryable: true });

/** Scores everything but what `isPoison` says; tokenizes and embeds likewise. */
function endpoint(isPoison: (asked: unknown) => boolean): Scoring {
  const answer = <Answer>(asked: unknown, value: Answer) =>
    isPoison(asked) ? Promise.reject(broken()) : Promise.resolve(value);
  return judgedScoring(new RequestFailures(), 'host', {
    tokenize: (text) => answer(text, { tokens: [1], limit: undefined }),
    logProbabilities: ({ texts }) => answer(texts, [[null]]),
    embed: ({ texts }) => answer(texts, [[0]]),
  });
}

type Ask = (scoring: Scoring) => Promise<unknown>;
const requests: [string, Ask][] = [
  ['tokenized', (scoring) => scoring.tokenize({ model: 'base', text: 'long' }, signal)],
  ['scored', (scoring) => scoring.logProbabilities({ model: 'base', texts: [[1, 2, 3]] }, signal)],
  ['embedded', (scoring) => scoring.embed({ model: 'base', texts: ['long'] }, signal)],
];

async function attempts(scoring: Scoring, ask: Ask): Promise<boolean[]> {
  const retryable: boolean[] = [];
  for (let attempt = 1; attempt <= 8; attempt++)
    await ask(scoring).catch((error: ProviderError) => retryable.push(error.retryable));
  return retryable;
}

test.each(requests)('what alone cannot be %s is given up after six attempts', async (_, ask) => {
  const scoring = endpoint((asked) => /long|1,2,3/.test(JSON.stringify(asked)));
  expect(await attempts(scoring, ask)).toEqual([true, true, true, true, true, false, false, false]);
});

test.each(requests)('where nothing can be %s, nothing is given up', async (_, ask) => {
  expect(
    await attempts(
      endpoint(() => true),
      ask,
    ),
  ).not.toContain(false);
});

test('a model that tokenizes and cannot score is down', async () => {
  const scoring = endpoint((asked) => Array.isArray(asked));
  const [, [, score]] = requests as [unknown, [string, Ask]];
  for (let attempt = 1; attempt <= 8; attempt++) {
    await scoring.tokenize({ model: 'base', text: `${attempt}` }, signal);
    await expect(score(scoring)).rejects.toMatchObject({ retryable: true });
  }
});
