/** How many requests an endpoint bears is found out by asking: by hand, in bulk, and against a real server that refuses. */
import { ProviderError } from '../../src/errors';
import { AdaptiveLimit } from '../../src/providers/adaptive-limit';
import { OpenAiEndpoint } from '../../src/providers/openai-endpoint';
import { OpenAiInference } from '../../src/providers/openai-inference';
import { sampleRequest } from '../support/asked-endpoint';
import { completionBody, json, startLocalEndpoint } from '../support/local-endpoint';

const noSignal = new AbortController().signal;
const refusal = (retryAfterMs?: number) => new ProviderError('429', { status: 429, retryable: true, retryAfterMs });

/** An endpoint whose every request is answered or refused by hand. */
class ByHand {
  readonly open: { answer: () => void; fail: (error: Error) => void }[] = [];
  sent = 0;

  constructor(private readonly limit: AdaptiveLimit) {}

  ask(signal = noSignal): Promise<string> {
    const send = () => {
      this.sent += 1;
      return new Promise<string>((resolve, reject) =>
        this.open.push({ answer: () => resolve('answer'), fail: (error) => reject(error) }),
      );
    };
    return this.limit.perform(send, signal);
  }

  async answer(): Promise<void> {
    this.open.shift()!.answer();
    await settle();
  }

  async fail(error: Error): Promise<void> {
    this.open.pop()!.fail(error);
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function asking(requests: number, most: number) {
  const endpoint = new ByHand(new AdaptiveLimit(most));
  const asked = Array.from({ length: requests }, () => endpoint.ask());
  for (const each of asked) each.catch(() => undefined);
  await settle();
  return { endpoint, asked };
}

describe('by hand', () => {
  it('begins with the most that are allowed, and never exceeds them', async () => {
    const { endpoint } = await asking(6, 4);
    expect(endpoint.open).toHaveLength(4);
    await endpoint.answer();
    expect(endpoint.open).toHaveLength(4);
  });

  it('takes what is in flight beside a refused request for what the endpoint bears, and sends that one first again', async () => {
    const { endpoint, asked } = await asking(5, 4);
    await endpoint.fail(refusal());
    expect(endpoint.open).toHaveLength(3);
    await endpoint.answer();
    expect(endpoint.open).toHaveLength(3);
    // The refused one, not the fifth.
    expect(endpoint.sent).toBe(5);
    for (const _ of [1, 2, 3, 4]) await endpoint.answer();
    expect(await Promise.all(asked)).toHaveLength(5);
    expect(endpoint.sent).toBe(6);
  });

  it('tries one more after eight answers', async () => {
    const { endpoint } = await asking(30, 4);
    await endpoint.fail(refusal());
    for (let answers = 1; answers <= 7; answers++) await endpoint.answer();
    expect(endpoint.open).toHaveLength(3);
    await endpoint.answer();
    expect(endpoint.open).toHaveLength(4);
  });

  it('hands a refusal on where nothing else is in flight: waiting is the caller’s', async () => {
    const { endpoint, asked } = await asking(1, 4);
    await endpoint.fail(refusal());
    await expect(asked[0]).rejects.toThrow('429');
    expect(endpoint.sent).toBe(1);
  });

  it('sends nothing until the time that the endpoint asks for is over; a long one is the caller’s', async () => {
    const { endpoint, asked } = await asking(3, 2);
    await endpoint.fail(refusal(30));
    await endpoint.answer();
    expect(endpoint.open).toHaveLength(0);
    while (endpoint.open.length === 0) await settle();
    await endpoint.answer();
    while (endpoint.open.length === 0) await settle();
    await endpoint.answer();
    expect(await Promise.all(asked)).toHaveLength(3);

    const patient = await asking(2, 2);
    await patient.endpoint.fail(refusal(600_000));
    await expect(patient.asked[1]).rejects.toThrow('429');
  });

  it('hands a refusal on after twenty sends', async () => {
    const { endpoint, asked } = await asking(1, 30);
    const others = Array.from({ length: 29 }, () => endpoint.ask());
    for (const each of others) each.catch(() => undefined);
    await settle();
    const unlucky = endpoint.open.shift()!;
    unlucky.fail(refusal());
    await settle();
    for (let sends = 2; sends <= 20; sends++) {
      await endpoint.answer();
      // It was first in line, so it is the newest of those that are open.
      await endpoint.fail(refusal());
    }
    await expect(asked[0]).rejects.toThrow('429');
    expect(endpoint.sent).toBe(30 + 19);
  });

  it.each([
    [
      'an answer that does not come',
      new ProviderError('late', {
        retryable: true,
        unreachable: true,
        charged: { promptTokens: null, completionTokens: null },
      }),
    ],
    ['a server that breaks', new ProviderError('500', { status: 500, retryable: true })],
  ])('is halved by %s, once for all that were sent before', async (_, error) => {
    const { endpoint, asked } = await asking(40, 8);
    for (let failures = 1; failures <= 8; failures++) endpoint.open.shift()!.fail(error);
    await settle();
    expect(endpoint.open).toHaveLength(4);
    expect((await Promise.allSettled(asked.slice(0, 8))).map(({ status }) => status)).toEqual(
      Array(8).fill('rejected'),
    );
  });

  it.each([
    ['a server that is down', new ProviderError('down', { retryable: true, unreachable: true })],
    ['a refused request', new ProviderError('400', { status: 400, retryable: false })],
    ['a bug', new TypeError('bug')],
  ])('learns nothing of load from %s', async (_, error) => {
    const { endpoint } = await asking(40, 8);
    for (let failures = 1; failures <= 8; failures++) endpoint.open.shift()!.fail(error);
    await settle();
    expect(endpoint.open).toHaveLength(8);
  });

  it('an abort takes a waiting request out of the line', async () => {
    const { endpoint } = await asking(1, 1);
    const controller = new AbortController();
    const waiting = endpoint.ask(controller.signal);
    const last = endpoint.ask();
    controller.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await endpoint.answer();
    expect(endpoint.sent).toBe(2);
    await endpoint.answer();
    expect(await last).toBe('answer');
  });
});

describe('1,000 requests through an endpoint that takes 37 at a time and refuses others at random', () => {
  const allowed = 37;

  /** Mean number of requests that the endpoint works on when it answers one, and how many it refused for load. */
  async function busyness(limit: AdaptiveLimit): Promise<{ mean: number; refusedForLoad: number }> {
    let [busy, arrivals, refusedForLoad] = [0, 0, 0];
    const atAnswer: number[] = [];
    const send = async () => {
      arrivals += 1;
      // Multiples of the golden ratio are spread evenly, and the same in every run.
      const isUnlucky = (arrivals * 0.6180339887) % 1 < 0.03;
      if (!isUnlucky && busy >= allowed) refusedForLoad += 1;
      if (isUnlucky || busy >= allowed) throw refusal();
      busy += 1;
      await new Promise((resolve) => setTimeout(resolve, 20 + (arrivals % 21)));
      atAnswer.push(busy);
      busy -= 1;
    };
    await Promise.all(Array.from({ length: 1_000 }, () => limit.perform(send, noSignal)));
    // The last ones have nothing behind them.
    const steady = atAnswer.slice(0, 1_000 - allowed);
    return { mean: steady.reduce((sum, each) => sum + each, 0) / steady.length, refusedForLoad };
  }

  it('are all answered, and keep it as busy as the best constant limit would', async () => {
    const { mean, refusedForLoad } = await busyness(new AdaptiveLimit(64));
    expect(mean).toBeGreaterThan(0.9 * allowed);
    expect(refusedForLoad).toBeLessThan(250);
  });
});

test('a server that takes five calls at a time answers sixty that are asked at once, and no call fails', async () => {
  const server = await startLocalEndpoint();
  let [busy, refused] = [0, 0];
  server.answer = (received, response) => {
    if (busy >= 5) {
      refused += 1;
      return json(429, { error: { message: 'too many' } })(received, response);
    }
    busy += 1;
    setTimeout(() => {
      busy -= 1;
      json(200, completionBody())(received, response);
    }, 5);
  };
  const endpoint = new OpenAiEndpoint({ baseUrl: server.baseUrl, timeoutMs: 20_000, maxConcurrency: 16 });
  const inference = new OpenAiInference(endpoint);
  const asked = Array.from({ length: 60 }, (_, seed) => inference.complete({ ...sampleRequest, seed }, noSignal));
  expect(await Promise.all(asked)).toHaveLength(60);
  expect(refused).toBeGreaterThan(0);
  await endpoint.close();
  await server.close();
});
