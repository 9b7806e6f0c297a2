/** The adapter against a real HTTP server: what goes over the wire, and what every kind of trouble becomes. */
import { gzipSync } from 'node:zlib';
import { ProviderError } from '../../src/errors';
import type { ChatRequest } from '../../src/ports';
import { OpenAiEndpoint, type EndpointSettings } from '../../src/providers/openai-endpoint';
import { OpenAiInference } from '../../src/providers/openai-inference';
import {
  completionBody,
  hang,
  json,
  partialBody,
  raw,
  startLocalEndpoint,
  type Answer,
  type LocalEndpoint,
} from '../support/local-endpoint';
import { until } from '../support/until';

const apiKey = 'sk-secret-0123456789abcdef';
const request: ChatRequest = {
  model: 'run.i1.generation-1.0a1b2c3d',
  messages: [{ role: 'user', content: '3+2*7+5-4*9=?' }],
  sampling: { temperature: 0.7, topP: 0.9, maxTokens: 96 },
  seed: 1_234_567,
};

describe('an OpenAI-compatible endpoint', () => {
  let endpoint: LocalEndpoint;
  const open: OpenAiEndpoint[] = [];

  beforeEach(async () => {
    endpoint = await startLocalEndpoint();
  });

  afterEach(async () => {
    await endpoint.close();
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  const inferenceWith = (settings: Partial<EndpointSettings> = {}): OpenAiInference => {
    const usual = { baseUrl: endpoint.baseUrl, timeoutMs: 20_000, maxConcurrency: 64, apiKey };
    const made = new OpenAiEndpoint({ ...usual, ...settings });
    open.push(made);
    return new OpenAiInference(made);
  };
  const complete = (settings: Partial<EndpointSettings> = {}) =>
    inferenceWith(settings).complete(request, new AbortController().signal);
  const failureOf = async (settings: Partial<EndpointSettings> = {}): Promise<ProviderError> => {
    const error: unknown = await complete(settings).then(
      () => new Error('it succeeded'),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ProviderError);
    return error as ProviderError;
  };

  describe('is asked', () => {
    test('with temperature, top_p, max_tokens and seed, and nothing that is not in the request', async () => {
      await complete();
      expect(endpoint.received).toHaveLength(1);
      expect(endpoint.received[0]).toMatchObject({
        path: '/v1/chat/completions',
        headers: { authorization: `Bearer ${apiKey}` },
      });
      expect(endpoint.received[0]?.body).toEqual({
        model: request.model,
        messages: request.messages,
        temperature: 0.7,
        top_p: 0.9,
        max_tokens: 96,
        seed: 1_234_567,
      });
    });

    test('by the name the endpoint knows a model by, others as they are', async () => {
      const inference = inferenceWith({ wireNames: { [request.model]: 'org/model:latest' } });
      await inference.complete(request, new AbortController().signal);
      await inference.complete({ ...request, model: 'another' }, new AbortController().signal);
      expect(endpoint.received.map(({ body }) => body?.model)).toEqual(['org/model:latest', 'another']);
    });

    test('once: a failure is not retried behind the back of Temporal', async () => {
      endpoint.answer = json(500, { error: { message: 'overloaded' } });
      await failureOf();
      expect(endpoint.received).toHaveLength(1);
    });
  });

  describe('that answers', () => {
    test.each([
      ['stop', 'stop'],
      ['length', 'length'],
      ['content_filter', 'filtered'],
    ])('with finish reason %s gives text, usage and %s', async (wire, finishReason) => {
      endpoint.answer = json(200, completionBody('36 #36', wire));
      expect(await complete()).toEqual({
        text: '36 #36',
        finishReason,
        usage: { promptTokens: 21, completionTokens: 8 },
      });
    });

    test('null content has said nothing, which is data and no error', async () => {
      endpoint.answer = json(200, completionBody(null));
      expect((await complete()).text).toBe('');
    });
  });

  describe('that refuses', () => {
    test.each([
      [400, false],
      [401, false],
      [403, false],
      // A name just published is loaded on first use; a remote host may still be downloading it.
      [404, true],
      [408, true],
      [409, true],
      [422, false],
      [425, true],
      [429, true],
      [500, true],
      [503, true],
    ])('with status %i is a ProviderError, retryable: %s', async (status, retryable) => {
      endpoint.answer = json(status, { error: { message: 'no' } });
      expect(await failureOf()).toMatchObject({ status, retryable, unreachable: false });
    });

    test('says in seconds when to come back', async () => {
      endpoint.answer = json(429, {}, { 'retry-after': '7' });
      const failure = await failureOf();
      expect(failure.retryAfterMs).toBe(7_000);
      expect(failure.message).toContain('asks to wait 7 s');
    });

    test('says by a date when to come back', async () => {
      endpoint.answer = json(503, {}, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
      const { retryAfterMs = 0 } = await failureOf();
      // An HTTP date has whole seconds.
      expect(retryAfterMs).toBeGreaterThan(30_000);
      expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    });

    test.each([
      ['nothing', {}],
      ['rubbish', { 'retry-after': 'soon' }],
      ['a date that has passed', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }],
      ['zero seconds', { 'retry-after': '0' }],
    ])('and says %s of when: the retry policy decides, never a retry without a pause', async (_kind, headers) => {
      endpoint.answer = json(429, {}, headers);
      expect((await failureOf()).retryAfterMs).toBeUndefined();
    });

    test('names the endpoint and the model', async () => {
      endpoint.answer = json(400, { error: { message: 'context too long' } });
      const { message } = await failureOf();
      expect(message).toContain(endpoint.baseUrl);
      expect(message).toContain(request.model);
      expect(message).toContain('context too long');
    });

    test('and repeats the API key in its message: the key never appears in ours', async () => {
      endpoint.answer = json(401, { error: { message: `Incorrect API key provided: ${apiKey}.` } });
      const error = await failureOf();
      expect(error.message).toContain('Incorrect API key provided');
      expect(
        `${error.message} ${error.stack} ${JSON.stringify(error)} ${String((error.cause as Error)?.message)}`,
      ).not.toContain(apiKey);
    });
  });

  describe('that answers nonsense is a retryable ProviderError which counts as an answer, no outage', () => {
    test.each([
      ['HTML with status 200', raw(200, 'text/html', '<html><body>Sign in</body></html>'), 'Sign in'],
      ['HTML that calls itself JSON', raw(200, 'application/json', '<html>Sign in</html>'), ''],
      ['an empty body', raw(200, 'application/json', ''), ''],
      ['torn JSON', raw(200, 'application/json', '{"choices":[{"mess'), ''],
      ['JSON that is no completion', json(200, { hello: 'world' }), 'hello'],
      ['no choices', json(200, { choices: [] }), 'choices'],
      ['a number for a text', json(200, { choices: [{ message: { content: 36 } }] }), '36'],
    ])('%s', async (_kind, answer, shown) => {
      endpoint.answer = answer;
      const error = await failureOf();
      expect(error).toMatchObject({ retryable: true, unreachable: false, status: undefined });
      expect(error.message).toContain(endpoint.baseUrl);
      expect(error.message).toContain(shown);
    });
  });

  describe('that is not there is a retryable ProviderError and an outage', () => {
    test('connection refused', async () => {
      const gone = await startLocalEndpoint();
      await gone.close();
      const error = await failureOf({ baseUrl: gone.baseUrl });
      expect(error).toMatchObject({ retryable: true, unreachable: true, status: undefined });
      expect(error.message).toContain('ECONNREFUSED');
    });

    test('it never answers: given up after the timeout', async () => {
      endpoint.answer = hang;
      expect(await failureOf({ timeoutMs: 300 })).toMatchObject({ retryable: true, unreachable: true });
    });

    test('it stops in the middle of the body: given up after the timeout', async () => {
      endpoint.answer = partialBody(() => undefined);
      // undici checks body timeouts once a second.
      expect(await failureOf({ timeoutMs: 300 })).toMatchObject({ retryable: true, unreachable: true });
    });

    test('it cuts the connection in the middle of the body', async () => {
      endpoint.answer = partialBody((response) => response.destroy());
      expect(await failureOf()).toMatchObject({ retryable: true, unreachable: true });
    });
  });

  test.each<[string, Answer]>([
    [
      'that never ends',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const blank = Buffer.alloc(2 ** 20, ' ');
        const write = (): void => void response.write(blank, () => (response.destroyed ? undefined : write()));
        write();
      },
    ],
    [
      'of a few kilobytes that unpack to many megabytes',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(Buffer.alloc(80 * 2 ** 20, ' ')));
      },
    ],
  ])('an answer %s is given up after 64 MB', async (_kind, answer) => {
    endpoint.answer = answer;
    await expect(inferenceWith().complete(request, new AbortController().signal)).rejects.toMatchObject({
      message: expect.stringContaining('answered with more than 64 MB') as string,
      retryable: true,
      unreachable: false,
    });
  });

  test('an abort while waiting ends the call at once, closes the connection, and is no failure of the provider', async () => {
    endpoint.answer = hang;
    const controller = new AbortController();
    const abandoned = endpoint.abandoned();
    const call = inferenceWith().complete(request, controller.signal);
    const outcome = call.catch((thrown: unknown) => thrown);
    await until(() => endpoint.received.length > 0);
    controller.abort();
    expect(await outcome).toBeInstanceOf(Error);
    expect(await outcome).not.toBeInstanceOf(ProviderError);
    await abandoned;
  });

  describe('that bears only so many calls at a time', () => {
    const noSignal = new AbortController().signal;
    const afterMs =
      (delayMs: number): Answer =>
      (received, response) =>
        void setTimeout(() => json(200, completionBody())(received, response), delayMs);

    test('never has more of them in flight', async () => {
      let inFlight = 0;
      let most = 0;
      endpoint.answer = (received, response) => {
        most = Math.max(most, ++inFlight);
        response.on('close', () => (inFlight -= 1));
        afterMs(20)(received, response);
      };
      const inference = inferenceWith({ maxConcurrency: 3 });
      await Promise.all(Array.from({ length: 12 }, () => inference.complete(request, noSignal)));
      expect({ most, asked: endpoint.received.length }).toEqual({ most: 3, asked: 12 });
    });

    test('the timeout of a call begins when it is sent', async () => {
      endpoint.answer = afterMs(200);
      const inference = inferenceWith({ maxConcurrency: 1, timeoutMs: 700 });
      const answers = await Promise.all(Array.from({ length: 5 }, () => inference.complete(request, noSignal)));
      expect(answers).toHaveLength(5);
    });

    test('an abort while a call waits for its turn: it is never sent', async () => {
      endpoint.answer = afterMs(100);
      const inference = inferenceWith({ maxConcurrency: 1 });
      const controller = new AbortController();
      const first = inference.complete(request, noSignal);
      const second = inference.complete(request, controller.signal).catch((thrown: unknown) => thrown);
      controller.abort();
      expect(await second).toBeInstanceOf(Error);
      await first;
      await inference.complete(request, noSignal);
      expect(endpoint.received).toHaveLength(2);
    });
  });

  describe('asked what it serves', () => {
    const models = () => inferenceWith().models(new AbortController().signal);

    test('names its models', async () => {
      endpoint.answer = json(200, { object: 'list', data: [{ id: 'base' }, { id: 'run.i1.critic-1.00000000' }] });
      expect(await models()).toEqual(['base', 'run.i1.critic-1.00000000']);
      expect(endpoint.received[0]?.path).toBe('/v1/models');
    });

    test('is also said in the names that the configuration translates', async () => {
      endpoint.answer = json(200, { data: [{ id: 'org/model:latest' }] });
      const wireNames = { 'my-model': 'org/model:latest', absent: 'org/other' };
      const offered = await inferenceWith({ wireNames }).models(new AbortController().signal);
      expect(offered).toEqual(['my-model', 'org/model:latest']);
    });

    test.each([
      ['HTML', raw(200, 'text/html', '<html>Sign in</html>')],
      ['something else', json(200, { models: [] })],
    ])('and answering %s has answered nonsense', async (_kind, answer) => {
      endpoint.answer = answer;
      await expect(models()).rejects.toMatchObject({ name: 'ProviderError', retryable: true, unreachable: false });
    });
  });
});
