/** An error is what it says, in whatever shape and with whatever status it comes. */
import { askedEndpoint, type AskedEndpoint } from '../support/asked-endpoint';
import { json, raw } from '../support/local-endpoint';

let endpoint: AskedEndpoint;
beforeAll(async () => {
  endpoint = await askedEndpoint();
});
afterAll(() => endpoint.close());

describe('an error inside an answer with status 200 is what its code says', () => {
  const ofStatus = (status: number, retryable: boolean) => ({ status, retryable, unreachable: false });

  test.each([
    ['a number', { error: { code: 429, message: 'slow down' } }, ofStatus(429, true)],
    ['a number as text', { error: { code: '503', message: 'slow down' } }, ofStatus(503, true)],
    ['a status', { error: { status: 401, message: 'slow down' } }, ofStatus(401, false)],
    ['choices that are null', { choices: null, error: { code: 502, message: 'slow down' } }, ofStatus(502, true)],
    ['a word', { error: { code: 'rate_limit_exceeded', message: 'slow down' } }, ofStatus(429, true)],
    ['money that is spent', { error: { type: 'insufficient_quota', message: 'slow down' } }, ofStatus(402, false)],
    [
      'a request that is wrong',
      { error: { type: 'invalid_request_error', message: 'slow down' } },
      ofStatus(400, false),
    ],
    ['an error of a choice', { choices: [{ error: { code: 504, message: 'slow down' } }] }, ofStatus(504, true)],
    ['no envelope', { object: 'error', code: 404, message: 'slow down' }, ofStatus(404, true)],
  ])('%s', async (_kind, body, expected) => {
    endpoint.server.answer = json(200, body);
    const failure = await endpoint.failure();
    expect(failure).toMatchObject(expected);
    expect(failure.message).toContain(`answered ${expected.status} slow down`);
  });

  test('with a Retry-After it is waited for', async () => {
    endpoint.server.answer = json(200, { error: { code: 429 } }, { 'retry-after': '7' });
    expect((await endpoint.failure()).retryAfterMs).toBe(7_000);
  });

  test('a code that nobody knows is nonsense with a reason', async () => {
    endpoint.server.answer = json(200, { error: { code: 'E42', message: 'the hamster is ill' } });
    const failure = await endpoint.failure();
    expect(failure).toMatchObject({ status: undefined, retryable: true, unreachable: false, isOutage: false });
    expect(failure.message).toContain('the hamster is ill');
  });

  test('an error of null beside an answer is none', async () => {
    endpoint.server.answer = json(200, {
      error: null,
      choices: [{ message: { content: '36' }, finish_reason: 'stop' }],
    });
    expect((await endpoint.complete()).text).toBe('36');
  });
});

describe('the reason of a 4xx is found in', () => {
  test.each([
    ['error.message', { error: { message: 'context too long' } }],
    ['error as text', { error: 'context too long' }],
    ['message', { message: 'context too long' }],
    ['detail', { detail: 'context too long' }],
    ['problem+json', { type: 'about:blank', title: 'Bad Request', status: 400, detail: 'context too long' }],
    ['a list of errors', { errors: [{ message: 'context too long' }] }],
    ['a list', [{ error: { message: 'context too long' } }]],
    ["FastAPI's details", { detail: [{ loc: ['body', 'messages'], msg: 'context too long', type: 'value_error' }] }],
    ['an object within', { error: { message: { reason: 'x', message: 'context too long' } } }],
  ])('%s', async (_kind, body) => {
    endpoint.server.answer = json(400, body);
    expect((await endpoint.failure()).message).toContain('context too long');
  });

  test.each([
    ['plain text', 'text/plain', 'context too long'],
    ['JSON that is none', 'application/json', '{context too long'],
    ["a page's title", 'text/html', '<html><head><title>context too long</title></head><body>…</body></html>'],
  ])('%s', async (_kind, type, text) => {
    endpoint.server.answer = raw(400, type, text);
    expect((await endpoint.failure()).message).toContain('context too long');
  });

  test('a problem says title and detail, FastAPI says where', async () => {
    endpoint.server.answer = json(400, { title: 'Bad Request', detail: 'too long' });
    expect((await endpoint.failure()).message).toContain('answered 400 Bad Request: too long');
    endpoint.server.answer = json(422, { detail: [{ loc: ['body', 'seed'], msg: 'not allowed' }] });
    expect((await endpoint.failure()).message).toContain('answered 422 body.seed: not allowed');
  });

  test('no body: no reason is given', async () => {
    endpoint.server.answer = raw(400, 'application/json', '');
    expect((await endpoint.failure()).message).toContain('answered 400 no reason given');
  });

  test('ten megabytes with control characters: one line of at most 500 characters', async () => {
    endpoint.server.answer = json(400, { detail: `\u001b[2J\u202eno\nno ${'x'.repeat(10_000_000)}` });
    const { message } = await endpoint.failure();
    // oxlint-disable-next-line no-control-regex
    expect(message).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(message.length).toBeLessThan(700);
  });
});

test.each(['1e300', '1e400', '99999999999999999999'])(
  'Retry-After: %s is a year at most, not for ever',
  async (value) => {
    endpoint.server.answer = json(429, {}, { 'retry-after': value });
    expect((await endpoint.failure()).retryAfterMs).toBe(366 * 24 * 3600 * 1000);
  },
);
