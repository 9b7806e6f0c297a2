/** A batch is refused for one problem's text: the others are scored. */
import { withoutRefusedProblems } from '../../activities/refused-problems';
import type { Transcript } from '../../src/contract/transcript';
import { ProviderError } from '../../src/errors';

const batch = ['a', 'b', 'c'].map((problemId) => ({ problemId }) as Transcript);
const refused = new ProviderError('answered 400', { status: 400, retryable: false });
const failing = new ProviderError('answered 500', { status: 500, retryable: true });
const alone = new ProviderError('fails alone', { status: 500, retryable: false, isOfRequest: true });
const outage = new ProviderError('moved', { retryable: false, isOutage: true });

/** Fails any batch that has one of these problems; notes what was asked. */
function endpoint(errors: Record<string, Error>) {
  const asked: string[] = [];
  const perform = async (transcripts: readonly Transcript[]): Promise<string> => {
    const ids = transcripts.map(({ problemId }) => problemId);
    asked.push(ids.join(''));
    const error = ids.map((id) => errors[id]).find((each) => each !== undefined);
    return error === undefined ? ids.join('') : Promise.reject(error);
  };
  return { asked, score: (problems = batch) => withoutRefusedProblems(problems, perform) };
}

test('a batch that succeeds is one request', async () => {
  const { asked, score } = endpoint({});
  expect(await score()).toEqual({ results: ['abc'], refused: [] });
  expect(asked).toEqual(['abc']);
});

test('a refused problem is left out, with the reason', async () => {
  const { score } = endpoint({ b: refused });
  expect(await score()).toEqual({ results: ['a', 'c'], refused: [{ problemId: 'b', reason: 'answered 400' }] });
});

test('an endpoint that refuses every problem fails the batch', async () => {
  const { score } = endpoint({ a: refused, b: refused, c: refused });
  await expect(score()).rejects.toBe(refused);
});

test('what may still succeed fails the attempt, after all others were asked', async () => {
  const { asked, score } = endpoint({ a: refused, b: failing });
  await expect(score()).rejects.toBe(failing);
  expect(asked).toEqual(['abc', 'a', 'b', 'c']);
});

test.each([
  ['a batch that may succeed later', { a: failing }, failing],
  ['a batch during an outage', { a: outage }, outage],
  ['a batch that was cancelled', { a: new Error('cancelled') }, new Error('cancelled')],
])('%s is not divided', async (_, errors, error) => {
  const { asked, score } = endpoint(errors);
  await expect(score()).rejects.toEqual(error);
  expect(asked).toEqual(['abc']);
});

test('an only problem is left out if others to the same model are answered', async () => {
  const one = batch.slice(0, 1);
  expect(await endpoint({ a: alone }).score(one)).toEqual({
    results: [],
    refused: [{ problemId: 'a', reason: 'fails alone' }],
  });
  await expect(endpoint({ a: refused }).score(one)).rejects.toBe(refused);
});
