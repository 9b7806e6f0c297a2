/** One prompt that gets 500 for ever is that problem's failure; where others fail, too, it is the endpoint's. */
import { RequestFailures, type AskedRequest } from '../../activities/request-failures';
import { ProviderError } from '../../src/errors';
import { endpointWorld, type EndpointWorld } from '../support/endpoint-world';
import { completionBody, json, type Answer } from '../support/local-endpoint';

describe('against a real endpoint', () => {
  let run: EndpointWorld;
  beforeAll(async () => {
    run = await endpointWorld();
  });
  afterAll(() => run.close());

  test('a request that fails while others succeed fails its problem after six attempts, and pauses nothing', async () => {
    const [poison, ...others] = await run.problems();
    const { id, question } = poison!;
    const answer: Answer = ({ body }, response) =>
      JSON.stringify(body).includes(question)
        ? json(500, { error: { message: 'CUDA error' } })({} as never, response)
        : json(200, completionBody('#14'))({} as never, response);
    run.answerCompletions(answer);
    for (const [index, other] of others.slice(0, 5).entries()) {
      expect(await run.failureOf(id)).toMatchObject({ nonRetryable: false, outage: true });
      await run.take(other.id, 1 + (index % 3));
    }
    const last = await run.failureOf(id);
    expect(last).toMatchObject({ nonRetryable: true, outage: false });
    expect(last.message).toContain('has failed 6 times, while 5 others to the same model were answered');
    // Also in the next attempt: after a resume, or where the run is started again.
    expect(await run.failureOf(id)).toMatchObject({ nonRetryable: true, outage: false });
  });

  test('also the last of all problems, when nobody asks anything beside it: the model is asked something small', async () => {
    const { id, question } = (await run.problems()).at(-2)!;
    const answer: Answer = ({ body }, response) =>
      JSON.stringify(body).includes(question)
        ? json(500, { error: { message: 'CUDA error' } })({} as never, response)
        : json(200, completionBody('#2'))({} as never, response);
    run.answerCompletions(answer);
    const before = run.asked();
    for (let attempt = 1; attempt <= 5; attempt++)
      expect(await run.failureOf(id)).toMatchObject({ nonRetryable: false, outage: true });
    expect(await run.failureOf(id)).toMatchObject({ nonRetryable: true, outage: false });
    // Beside the third to the fifth attempt.
    expect(run.asked() - before).toBe(6 + 3);
  });

  test('where nothing succeeds it stays an outage', async () => {
    run.answerCompletions(json(500, { error: { message: 'CUDA error' } }));
    const last = (await run.problems()).at(-1);
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect(await run.failureOf(last!.id)).toMatchObject({ nonRetryable: false, outage: true });
    }
  });
});

describe('a request', () => {
  const asked: AskedRequest = { endpoint: 'hosted', model: 'base', requestDigest: 'poison' };
  const error = (status?: number) =>
    new ProviderError('it broke', { status, retryable: true, unreachable: status === undefined });
  /** Fails ten times, with `between` before each of them; whether it is taken to be at fault. */
  const isAtFault = (between: (failures: RequestFailures, attempt: number) => void, status?: number): boolean => {
    const failures = new RequestFailures();
    const thrown = Array.from({ length: 10 }, (_, attempt) => {
      between(failures, attempt);
      return failures.judge(asked, error(status)) as ProviderError;
    });
    return thrown.some(({ retryable }) => !retryable);
  };
  const other = (number: number) => ({ ...asked, requestDigest: `other-${number}` });

  test.each([500, 502, 504, undefined])('that fails with %p alone is at fault', (status) => {
    expect(isAtFault((failures, attempt) => failures.succeeded(other(attempt)), status)).toBe(true);
  });

  test.each([503, 529, 429, 404])('that meets %i is not: that is load, a quota or a missing model', (status) => {
    expect(isAtFault((failures, attempt) => failures.succeeded(other(attempt)), status)).toBe(false);
  });

  test('is not where others succeeded before the endpoint broke', () => {
    expect(
      isAtFault((failures, attempt) => {
        if (attempt < 3) failures.succeeded(other(attempt));
        else failures.judge(other(attempt), error(500));
      }, 500),
    ).toBe(false);
  });

  test('is not where as many others fail as succeed', () => {
    expect(
      isAtFault((failures, attempt) => {
        failures.succeeded(other(attempt));
        failures.judge(other(100 + attempt), error(500));
      }, 500),
    ).toBe(false);
  });

  test('is not where other models succeed: its own may be broken', () => {
    expect(isAtFault((failures, attempt) => failures.succeeded({ ...other(attempt), model: 'tuned' }), 500)).toBe(
      false,
    );
  });

  test('that was answered in the end begins anew', () => {
    const failures = new RequestFailures();
    for (let attempt = 0; attempt < 20; attempt++) {
      failures.succeeded(other(attempt));
      expect(failures.judge(asked, error(500))).toMatchObject({ retryable: true });
      if (attempt % 5 === 4) failures.succeeded(asked);
    }
  });

  test('beside another of its kind is at fault, and so is that one', () => {
    const failures = new RequestFailures();
    const found = new Set<string>();
    for (let attempt = 0; attempt < 12; attempt++) {
      for (let each = 0; each < 4; each++) failures.succeeded(other(4 * attempt + each));
      for (const each of [asked, { ...asked, requestDigest: 'second' }]) {
        if (!(failures.judge(each, error(500)) as ProviderError).retryable) found.add(each.requestDigest);
      }
    }
    expect([...found]).toEqual(['poison', 'second']);
  });
});
