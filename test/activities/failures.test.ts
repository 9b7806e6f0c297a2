/** What Temporal is told about an error: whether to try again, when, and whether the world around is broken. */
import { hostname } from 'node:os';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { classified } from '../../activities/failures';
import { modelRetries } from '../../src/contract/retries';
import {
  ArtifactError,
  ConfigError,
  DatasetError,
  InvalidRunSpec,
  ProviderError,
  TaskError,
  TrainerError,
} from '../../src/errors';

/** Nothing here is missing from a store. */
const store = { addressOf: () => '/store', read: () => Promise.resolve(undefined) };

/** What an activity that throws this is seen to throw. */
async function thrownFor(
  error: unknown,
  options: { attempt?: number; cancelled?: boolean; activityType?: string } = {},
): Promise<unknown> {
  const { failing } = classified({ failing: () => Promise.reject(error) }, store);
  const environment = new MockActivityEnvironment({
    attempt: options.attempt ?? 1,
    activityType: options.activityType ?? 'takeTurn',
  });
  if (options.cancelled) environment.cancel('CANCELLED');
  return environment.run(failing as () => Promise<unknown>).catch((thrown: unknown) => thrown);
}

const provider = (status: number | undefined, retryable: boolean, more: object = {}) =>
  new ProviderError('no', { status, retryable, ...more });

test.each<[string, Error, { type: string; nonRetryable: boolean; outage: boolean }]>([
  [
    'a bad specification',
    new InvalidRunSpec(['members: 0']),
    { type: 'InvalidRunSpec', nonRetryable: true, outage: false },
  ],
  [
    "a user's task that throws",
    new TaskError('own.cjs: parse threw: no'),
    { type: 'TaskError', nonRetryable: true, outage: false },
  ],
  [
    'a bad data file',
    new DatasetError('no JSON', 'gsm8k.jsonl', 3),
    { type: 'DatasetError', nonRetryable: true, outage: false },
  ],
  ['a refused request', provider(400, false), { type: 'ProviderError', nonRetryable: true, outage: false }],
  [
    'a model that is not there (404)',
    provider(404, true),
    { type: 'ProviderError', nonRetryable: false, outage: true },
  ],
  ['a key that is refused (401)', provider(401, false), { type: 'ProviderError', nonRetryable: true, outage: true }],
  ['money that is spent (402)', provider(402, false), { type: 'ProviderError', nonRetryable: true, outage: true }],
  ['an overloaded endpoint (429)', provider(429, true), { type: 'ProviderError', nonRetryable: false, outage: true }],
  ['a failing endpoint (503)', provider(503, true), { type: 'ProviderError', nonRetryable: false, outage: true }],
  [
    'an endpoint that is not there',
    provider(undefined, true, { unreachable: true }),
    { type: 'ProviderError', nonRetryable: false, outage: true },
  ],
  [
    'an endpoint that answers nonsense',
    provider(undefined, true),
    { type: 'ProviderError', nonRetryable: false, outage: false },
  ],
  [
    'a corrupt artifact',
    new ArtifactError('is corrupt', 'runs/a'),
    { type: 'ArtifactError', nonRetryable: true, outage: false },
  ],
  [
    'a full disk',
    new ArtifactError('no space', 'runs/a', { retryable: true }),
    { type: 'ArtifactError', nonRetryable: false, outage: true },
  ],
  [
    'a bad training job',
    new TrainerError('exit code 2', { exitCode: 2, stderrTail: '', retryable: false }),
    { type: 'TrainerError', nonRetryable: true, outage: false },
  ],
  [
    'a killed trainer',
    new TrainerError('SIGKILL', { exitCode: null, stderrTail: '', retryable: true }),
    { type: 'TrainerError', nonRetryable: false, outage: false },
  ],
  [
    'a trainer without space for its checkpoint',
    new TrainerError('exit code 4', { exitCode: 4, stderrTail: '', retryable: true }),
    { type: 'TrainerError', nonRetryable: false, outage: true },
  ],
  [
    'weights to train from that have changed since they were published',
    new TrainerError('exit code 7', { exitCode: 7, stderrTail: '', retryable: false }),
    { type: 'TrainerError', nonRetryable: true, outage: true },
  ],
])('%s', async (_kind, error, { type, nonRetryable, outage }) => {
  const failure = await thrownFor(error);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type, nonRetryable, message: error.message, details: [{ outage }] });
});

const refusedByTheStore = new ArtifactError('not writable', 'runs/a', { isRefused: true });

test.each<[string, Error]>([
  ['a key, an endpoint, a program that a worker lacks', new ConfigError('no key')],
  ['a store that a worker may not write', refusedByTheStore],
])('%s may be there on another worker: an outage that names the worker', async (_kind, error) => {
  expect(await thrownFor(error)).toMatchObject({
    nonRetryable: false,
    details: [{ outage: true }],
    message: `worker ${process.pid}@${hostname()}: ${error.message}`,
  });
  const atTheStart = await thrownFor(error, { activityType: 'resolveRun' });
  expect(atTheStart).toMatchObject({ nonRetryable: true, details: [{ outage: false }], message: error.message });
});

test('the time the other side asked for is the time until the next attempt', async () => {
  expect(await thrownFor(provider(429, true, { retryAfterMs: 7_000 }))).toMatchObject({ nextRetryDelay: 7_000 });
  expect(await thrownFor(provider(429, true))).toMatchObject({ nextRetryDelay: undefined });
});

test('a host that asks for more than ten minutes is an outage at once: a run that waits for a day says so', async () => {
  const tomorrow = await thrownFor(provider(429, true, { retryAfterMs: 86_400_000 }));
  expect(tomorrow).toMatchObject({ nonRetryable: true, details: [{ outage: true }] });
});

test('a host that asks for a short wait each time is still given ten minutes', async () => {
  const { maximumAttempts } = modelRetries;
  const waits = Array.from({ length: maximumAttempts - 1 }, async (_, index) => {
    const failure = await thrownFor(provider(429, true, { retryAfterMs: 1_000 }), { attempt: index + 1 });
    return (failure as ApplicationFailure).nextRetryDelay as number;
  });
  const total = (await Promise.all(waits)).reduce((sum, wait) => sum + wait, 0);
  expect(total).toBeGreaterThanOrEqual(9.5 * 60_000);
});

describe('nonsense', () => {
  const nonsense = provider(undefined, true);
  const outage = provider(503, true);

  /** Whether Temporal is told to give up, attempt by attempt; `undefined` stands for one that succeeds. */
  const givenUp = async (attempts: (Error | undefined)[], activityOf: (attempt: number) => string = () => '1') => {
    let next: Error | undefined;
    const answer = () => (next === undefined ? Promise.resolve(1) : Promise.reject(next));
    const { asking } = classified({ asking: answer }, store);
    const answers: boolean[] = [];
    for (const [index, error] of attempts.entries()) {
      next = error;
      const environment = new MockActivityEnvironment({ attempt: index + 1, activityId: activityOf(index) });
      const thrown = await environment.run(asking as () => Promise<unknown>).catch((failure: unknown) => failure);
      answers.push(thrown instanceof ApplicationFailure && thrown.nonRetryable === true);
    }
    return answers;
  };

  it('is the last word of an endpoint when it comes five times in a row', async () => {
    expect(await givenUp(Array(5).fill(nonsense))).toEqual([false, false, false, false, true]);
  });

  it('is not counted together with an outage: an endpoint that comes up again may need a moment', async () => {
    const answers = await givenUp([...Array(6).fill(outage), nonsense, nonsense, outage, ...Array(5).fill(nonsense)]);
    expect(answers.indexOf(true)).toBe(13);
  });

  it('is counted for each activity apart, and anew once one has succeeded', async () => {
    expect(await givenUp(Array(8).fill(nonsense), (attempt) => String(attempt % 2))).not.toContain(true);
    expect(await givenUp([...Array(4).fill(nonsense), undefined, nonsense])).not.toContain(true);
  });
});

test('an outage is tried as long as the retry policy allows, however often it failed', async () => {
  expect(await thrownFor(provider(503, true), { attempt: 20 })).toMatchObject({ nonRetryable: false });
});

test('a cancellation is rethrown as it is, whatever the aborted call threw', async () => {
  expect(await thrownFor(new CancelledFailure('stop'), { cancelled: true })).toBeInstanceOf(CancelledFailure);
  expect(await thrownFor(new Error('Request was aborted.'), { cancelled: true })).toBeInstanceOf(CancelledFailure);
  expect(await thrownFor(provider(503, true), { cancelled: true })).toBeInstanceOf(CancelledFailure);
});

test('a bug stays a bug: not wrapped, not renamed', async () => {
  const bug = new TypeError('undefined is not a function');
  expect(await thrownFor(bug)).toBe(bug);
});

test('no cause is handed on: its stack would stand in every history', async () => {
  const error = new ProviderError('no', { status: 503, retryable: true, cause: new Error('socket hang up') });
  expect(await thrownFor(error)).toMatchObject({ cause: undefined });
});

test('what succeeds is passed through', async () => {
  const { doubled } = classified({ doubled: (value: number) => Promise.resolve(2 * value) }, store);
  expect(await new MockActivityEnvironment().run(doubled, 21)).toBe(42);
});
