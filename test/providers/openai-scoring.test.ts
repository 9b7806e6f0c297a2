/** The scoring adapter against a real HTTP server: what goes over the wire, and what is no answer. */
import { ProviderError, UnsupportedByEndpoint } from '../../src/errors';
import { OpenAiEndpoint, type EndpointSettings } from '../../src/providers/openai-endpoint';
import { OpenAiScoring } from '../../src/providers/openai-scoring';
import { hang, json, raw, startLocalEndpoint, type LocalEndpoint } from '../support/local-endpoint';
import { until } from '../support/until';

const model = 'run.i1.critic-1.0a1b2c3d';
const never = new AbortController().signal;
const entry = (logprob: number) => ({ logprob, rank: 1, decoded_token: '?' });

describe('a scoring endpoint', () => {
  let endpoint: LocalEndpoint;
  const open: OpenAiEndpoint[] = [];

  beforeEach(async () => {
    endpoint = await startLocalEndpoint();
  });

  afterEach(async () => {
    await endpoint.close();
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  const scoringWith = (settings: Partial<EndpointSettings> = {}): OpenAiScoring => {
    const made = new OpenAiEndpoint({
      baseUrl: endpoint.baseUrl,
      timeoutMs: 20_000,
      maxConcurrency: 64,
      apiKey: 'sk-1',
      ...settings,
    });
    open.push(made);
    return new OpenAiScoring(made);
  };
  const score = (texts: number[][] = [[3, 4, 5]]) => scoringWith().logProbabilities({ model, texts }, never);

  test('is asked to tokenize a chat beside /v1, by its wire name and with its key', async () => {
    endpoint.answer = json(200, { count: 2, max_model_len: 512, tokens: [7, 8] });
    const messages = [{ role: 'user' as const, content: '1+2' }];
    const scoring = scoringWith({ wireNames: { [model]: 'short' } });
    expect(await scoring.tokenize({ model, messages, openTurn: true }, never)).toEqual({ tokens: [7, 8], limit: 512 });
    expect(endpoint.received[0]).toMatchObject({
      path: '/tokenize',
      headers: { authorization: 'Bearer sk-1' },
      body: { model: 'short', messages, add_generation_prompt: true },
    });
  });

  test('that answers an error with status 200 means what its code says', async () => {
    endpoint.answer = json(200, { error: { code: 429, message: 'slow down' } });
    await expect(score()).rejects.toMatchObject({ name: 'ProviderError', status: 429, retryable: true });
    endpoint.answer = json(200, { error: { code: 404, message: 'no such route' } });
    await expect(score()).rejects.toBeInstanceOf(UnsupportedByEndpoint);
  });

  test('is asked to tokenize a plain text without special tokens, which may be none', async () => {
    endpoint.answer = json(200, { tokens: [] });
    expect(await scoringWith().tokenize({ model, text: '' }, never)).toEqual({ tokens: [], limit: undefined });
    expect(endpoint.received[0]?.body).toEqual({
      model,
      prompt: '',
      add_special_tokens: false,
      split_special_tokens: true,
    });
  });

  test('scores token ids and writes nothing; answers are read in the order of their index', async () => {
    const choices = [
      { index: 1, prompt_logprobs: [null, { 9: entry(-2) }] },
      { index: 0, prompt_logprobs: [null, { 4: entry(-0.5), 6: entry(-0.1) }, { 5: entry(-1) }] },
    ];
    endpoint.answer = json(200, { choices });
    expect(
      await score([
        [3, 4, 5],
        [8, 9],
      ]),
    ).toEqual([
      [null, -0.5, -1],
      [null, -2],
    ]);
    expect(endpoint.received[0]).toMatchObject({
      path: '/v1/completions',
      body: {
        model,
        prompt: [
          [3, 4, 5],
          [8, 9],
        ],
        max_tokens: 0,
        echo: true,
        prompt_logprobs: 0,
      },
    });
  });

  test('embeds texts; vectors are read in the order of their index', async () => {
    const data = [
      { index: 1, embedding: [3, 4] },
      { index: 0, embedding: [1, 2] },
    ];
    endpoint.answer = json(200, { data });
    expect(await scoringWith().embed({ model, texts: ['a', 'b'] }, never)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(endpoint.received[0]).toMatchObject({ path: '/v1/embeddings', body: { model, input: ['a', 'b'] } });
  });

  test.each([
    ['fewer texts than asked for', { choices: [] }],
    ['another number of tokens', { choices: [{ index: 0, prompt_logprobs: [null, { 4: entry(-1) }] }] }],
    ['another token', { choices: [{ index: 0, prompt_logprobs: [null, { 9: entry(-1) }, { 5: entry(-1) }] }] }],
    ['no number', { choices: [{ index: 0, prompt_logprobs: [null, { 4: { logprob: 'low' } }, { 5: entry(-1) }] }] }],
    ['something else', 'hello'],
  ])('that answers with %s talks nonsense, which may be asked again', async (_, body) => {
    endpoint.answer = json(200, body);
    await expect(score()).rejects.toMatchObject({ name: 'ProviderError', retryable: true });
  });

  test('that embeds in two lengths, or leaves one out, talks nonsense', async () => {
    for (const data of [
      [{ index: 0, embedding: [1] }],
      [1, 2].map((size, index) => ({ index, embedding: Array(size).fill(0) })),
    ]) {
      endpoint.answer = json(200, { data });
      await expect(scoringWith().embed({ model, texts: ['a', 'b'] }, never)).rejects.toBeInstanceOf(ProviderError);
    }
  });

  test('that makes no tokens of a chat has not understood it', async () => {
    endpoint.answer = json(200, { tokens: [] });
    const messages = [{ role: 'user' as const, content: '1+2' }];
    await expect(scoringWith().tokenize({ model, messages, openTurn: true }, never)).rejects.toBeInstanceOf(
      ProviderError,
    );
  });

  test.each([
    ['has no such route', json(404, { detail: 'Not Found' })],
    ['has no such address', json(404, { error: { message: 'Invalid URL (POST /v1/completions)' } })],
    [
      'only chats',
      json(404, { error: { message: 'This is a chat model and not supported in the v1/completions endpoint.' } }),
    ],
    ['does not take the method', raw(405, 'text/plain', 'no')],
    ['has not built it', json(501, { error: { message: 'not implemented' } })],
    [
      'does not know the field',
      json(400, { error: { message: 'Unrecognized request argument supplied: prompt_logprobs' } }),
    ],
    ['takes no such key', json(401, { error: { message: 'You have insufficient permissions for this operation.' } })],
    ['ignores the field', json(200, { choices: [{ index: 0, text: 'abc' }] })],
  ])('that %s cannot score', async (_, answer) => {
    endpoint.answer = answer;
    const failure: unknown = await score().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnsupportedByEndpoint);
    expect((failure as Error).message).toContain(endpoint.baseUrl);
  });

  test('that does not know the model yet may be asked again', async () => {
    endpoint.answer = json(404, { error: { message: `The model \`${model}\` does not exist.` } });
    await expect(score()).rejects.toMatchObject({ name: 'ProviderError', retryable: true, status: 404 });
  });

  test('that is overloaded says when to come back', async () => {
    endpoint.answer = json(429, { error: { message: 'busy' } }, { 'retry-after': '3' });
    await expect(score()).rejects.toMatchObject({ name: 'ProviderError', status: 429, retryAfterMs: 3000 });
  });

  test('is left alone when the caller gives up', async () => {
    endpoint.answer = hang;
    const controller = new AbortController();
    const abandoned = endpoint.abandoned();
    const asked = scoringWith().logProbabilities({ model, texts: [[1, 2]] }, controller.signal);
    const outcome = asked.catch((thrown: unknown) => thrown);
    await until(() => endpoint.received.length > 0);
    controller.abort();
    expect(String(await outcome)).toMatch(/abort/i);
    await abandoned;
  });
});
