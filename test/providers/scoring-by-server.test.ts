/** Scoring through `maft.serve` itself: the same numbers as Transformers' own forward pass, in whatever batch. */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { scoreResponses, type WantedResponse } from '../../activities/response-scorer';
import type { ChatMessage, FinishReason } from '../../src/contract/transcript';
import { OpenAiEndpoint } from '../../src/providers/openai-endpoint';
import { OpenAiScoring } from '../../src/providers/openai-scoring';
import { startModelServer, testPython, type RunningServer } from '../support/model-server';

const root = resolve(__dirname, '../..');
const folder = join(root, 'models/tiny-arithmetic');
const signal = new AbortController().signal;

const asked: { messages: ChatMessage[]; response: string }[] = [
  { messages: [{ role: 'user', content: '3+2*7+5-4*9=?' }], response: '2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14' },
  { messages: [{ role: 'user', content: '3+2*7+5-4*9=?' }], response: '#3' },
  { messages: [{ role: 'user', content: '1+1*1+1-1*1=?' }], response: '' },
  {
    messages: [
      { role: 'user', content: '3+2*7+5-4*9=?' },
      { role: 'assistant', content: '2*7=15 #-13' },
      { role: 'user', content: 'Others: -14, -13. 3+2*7+5-4*9=?' },
    ],
    response: '2*7=14 #-14',
  },
];

describe('responses scored by maft.serve', () => {
  let server: RunningServer;
  let endpoint: OpenAiEndpoint;
  let scoring: OpenAiScoring;

  beforeAll(async () => {
    server = await startModelServer({ folder, name: 'tiny' });
    endpoint = new OpenAiEndpoint({ baseUrl: server.baseUrl, timeoutMs: 60_000, maxConcurrency: 64 });
    scoring = new OpenAiScoring(endpoint);
  });
  afterAll(async () => {
    await endpoint.close();
    await server.close();
  });

  const wanted = (finishReason: FinishReason): WantedResponse[] =>
    asked.map(({ messages, response }, index) => ({
      problemId: `problem-${index}`,
      round: 1,
      member: 1,
      scorers: ['tiny'],
      turn: {
        member: 1,
        agent: 'generation-1',
        model: 'tiny',
        messages,
        response,
        answer: null,
        finishReason,
        usage: { promptTokens: 0, completionTokens: 0 },
      },
    }));
  const score = (finishReason: FinishReason = 'stop', of = scoring) =>
    scoreResponses(wanted(finishReason), { scoringOf: () => of, tokenizerOf: () => 'tiny', signal });

  test('have the log-probabilities that Transformers computes, the end of the turn included', async () => {
    const expected = JSON.parse(
      execFileSync(testPython, [join(root, 'test/python/response_likelihoods.py'), folder], {
        input: JSON.stringify(asked),
        encoding: 'utf8',
      }),
    ) as { logProbability: number; tokens: number }[];
    const { scores, tooLong } = await score();
    expect(tooLong).toBe(0);
    scores.forEach(({ logProbability, tokens }, index) => {
      expect(tokens).toBe(expected[index]!.tokens);
      expect(logProbability).toBeCloseTo(expected[index]!.logProbability, 3);
    });
  });

  test('that were cut have no end of turn', async () => {
    const [stopped, cut] = [await score('stop'), await score('length')];
    const lengths = cut.scores.map(({ tokens }) => tokens);
    expect(stopped.scores.map(({ tokens }) => tokens - 1)).toEqual(lengths);
    expect(lengths).toEqual(asked.map(({ response }) => response.length));
  });

  test('that do not fit into the context are left out and counted', async () => {
    const [first] = wanted('stop');
    const long = { ...first!, turn: { ...first!.turn, response: '1+2=3 '.repeat(200) } };
    const run = { scoringOf: () => scoring, tokenizerOf: () => 'tiny', signal };
    expect(await scoreResponses([long], run)).toMatchObject({ scores: [], tooLong: 1, texts: 0 });
  });

  test('prompts that members share are tokenized once, and equal texts are read once', async () => {
    const tokenize = jest.spyOn(scoring, 'tokenize');
    const read = jest.spyOn(scoring, 'logProbabilities');
    const [first] = wanted('stop');
    const twice = [first!, { ...first!, member: 2 }];
    const { scores, texts } = await scoreResponses(twice, {
      scoringOf: () => scoring,
      tokenizerOf: () => 'tiny',
      signal,
    });
    expect(scores.map(({ member }) => member)).toEqual([1, 2]);
    expect(texts).toBe(1);
    expect(read.mock.calls.flatMap(([{ texts: sent }]) => sent)).toHaveLength(1);
    // Prompt and response, and the three texts that show the end of a turn.
    expect(tokenize).toHaveBeenCalledTimes(5);
    jest.restoreAllMocks();
  });

  test('embeddings of equal texts are equal, of different ones different', async () => {
    const vectors = await scoring.embed({ model: 'tiny', texts: ['#14', '2*7=14 #14', '#14'] }, signal);
    expect(vectors[0]).toEqual(vectors[2]);
    expect(vectors[0]).toHaveLength(128);
    expect(vectors[1]).not.toEqual(vectors[0]);
  });

  test('a model that does not exist is a retryable error, not a missing route', async () => {
    await expect(scoring.logProbabilities({ model: 'nowhere', texts: [[1, 2]] }, signal)).rejects.toMatchObject({
      name: 'ProviderError',
      status: 404,
    });
  });
});
