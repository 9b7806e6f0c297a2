/** A society as a model of the OpenAI API: real HTTP, the real client, a real debate; only the models are doubles. */
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI, { type APIError } from 'openai';
import { readSealed, publishSealed } from '../../src/artifacts/sealed';
import type { LineVersion } from '../../src/contract/line';
import type { RunRecord } from '../../src/contract/run';
import type { Society } from '../../src/contract/society';
import { iterationKeys, lineKeys, runKeys } from '../../src/domain/keys';
import { ProviderError } from '../../src/errors';
import type { Inference } from '../../src/ports';
import { promptsFor } from '../../src/prompts';
import { askSociety } from '../../src/runs/ask-society';
import { createDoor, type DoorOptions } from '../../src/serving/door';
import { lineSociety, type ServedSociety } from '../../src/serving/served-society';
import { StoredLine } from '../../src/stored-runs/stored-line';
import { graderFor } from '../../src/tasks';
import { activityWorld, type ActivityWorld } from '../support/activity-world';

const question = '3+2*7+5-4*9';
let world: ActivityWorld;
let served: ServedSociety;
let inference: Inference;
const ending = new AbortController();
const closing: (() => void)[] = [];
const said: string[] = [];

beforeAll(async () => {
  world = await activityWorld();
  await world.resolve('run');
  const { specification } = (await readSealed<RunRecord>(world.store, runKeys.record('run')))!;
  const society = (await readSealed<Society>(world.store, iterationKeys.society({ runId: 'run', iteration: 0 })))!;
  served = { society, specification };
});

beforeEach(() => {
  inference = world.inference;
  // The members disagree in the first round, two of three agree in the last.
  world.inference.says = ({ messages, seed }) => `I say ${messages.length} #${seed % 3 === 0 ? 7 : -14}`;
});

afterAll(async () => {
  closing.forEach((close) => close());
  await world.remove();
});

const answer: DoorOptions['answer'] = (asked, { signal, onRound }) => {
  const { society, specification } = served;
  const task = world.dependencies.task(specification.task);
  return askSociety(
    {
      ...{ society, specification, task, prompts: promptsFor(specification.method.prompts, task) },
      ...{ inference: () => inference, grader: graderFor(task) },
    },
    {
      ...{ question: asked.question, way: asked.way ?? 'debate', seed: asked.seed ?? 1, signal },
      ...{ maxTokens: asked.maxTokens ?? Infinity, onRound: ({ round }) => onRound(round) },
    },
  );
};

async function serve(changes: Partial<DoorOptions> = {}): Promise<string> {
  const say = (message: string) => void said.push(message);
  const options = { name: 'run@0', mostRequests: 64, hosts: [], say, answer, ...changes };
  const door = createDoor(options, ending.signal).listen(0, '127.0.0.1');
  await once(door, 'listening');
  closing.push(
    () => door.closeAllConnections(),
    () => door.close(),
  );
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
}

function client(url: string, apiKey = 'none'): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

const body = { model: 'run@0', messages: [{ role: 'user' as const, content: question }] };
type WithDetails<Value> = Value & { maft: Record<string, unknown> & { transcript?: { turns: object[] }[] } };

test('the answer is that of the debate, in the words of a member that agrees with the vote', async () => {
  const found = (await client(await serve()).chat.completions.create(body)) as WithDetails<OpenAI.ChatCompletion>;
  const direct = await answer(
    { ...{ question, way: undefined, seed: undefined, maxTokens: undefined, ignored: [] }, ...noStream },
    { signal: ending.signal, onRound: () => undefined },
  );
  const spoken = direct.rounds.at(-1)!.turns.find(({ agrees }) => agrees)!;
  expect(found.choices).toMatchObject([{ message: { content: spoken.response }, finish_reason: 'stop' }]);
  expect(found.maft).toEqual({
    ...{ society: 'run@0', mode: 'debate', answer: direct.answer, calls: 9, uncountedCalls: 0, ignored: [] },
    votes: { winning: direct.rounds.at(-1)!.turns.filter(({ agrees }) => agrees).length, of: 3, tieBroken: false },
  });
  expect(found.usage).toMatchObject({
    prompt_tokens: direct.counts.promptTokens,
    completion_tokens: direct.counts.completionTokens,
  });
});

const noStream = { stream: false, streamUsage: false, transcript: false };

test('a request chooses its mode and gets the transcript beside the answer, not in it', async () => {
  const openai = client(await serve());
  const asked = { ...body, temperature: 0, maft: { mode: 'vote', transcript: true } };
  const found = (await openai.chat.completions.create(asked)) as WithDetails<OpenAI.ChatCompletion>;
  expect(found.maft).toMatchObject({ mode: 'vote', calls: 3, ignored: ['temperature'] });
  expect(found.maft.transcript!.map(({ turns }) => turns.length)).toEqual([3]);
  expect(found.choices[0]!.message.content).not.toContain('transcript');
});

test('max_tokens bounds every response of the debate', async () => {
  const before = world.inference.requests.length;
  await client(await serve()).chat.completions.create({ ...body, max_tokens: 11 });
  const limits = world.inference.requests.slice(before).map(({ sampling }) => sampling.maxTokens);
  expect(new Set(limits)).toEqual(new Set([11]));
});

test('a stream says when rounds end, then the answer in one piece and what was used', async () => {
  const url = await serve();
  const asked = { ...body, stream: true as const, stream_options: { include_usage: true } };
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const each of await client(url).chat.completions.create(asked)) chunks.push(each);
  const whole = await client(url).chat.completions.create(body);
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]!.message.content);
  expect(chunks.at(-1)!.usage).toEqual(whole.usage);
  expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], maft: { calls: 9 } });

  const raw = await post(url, asked);
  const text = await raw.text();
  expect(text).toContain(': round 1 has ended\n\n: round 2 has ended\n\n');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
});

function post(url: string, content: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(`${url}/v1/chat/completions`, { method: 'POST', body: text, headers: all });
}

test('models are listed under the one name', async () => {
  const openai = client(await serve());
  expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['run@0']);
});

test.each<[string, unknown, number, string]>([
  ['no JSON', '{', 400, 'the body is not JSON'],
  ['another model', { ...body, model: 'gpt' }, 404, 'model: only "run@0" is served here'],
  ['several answers', { ...body, n: 2 }, 400, 'n: a society gives one answer'],
  ['tools', { ...body, tools: [{}] }, 400, 'tools: a society answers a question in words'],
  [
    'a system prompt',
    { ...body, messages: [{ role: 'system', content: 'Be brief.' }, ...body.messages] },
    400,
    'send one message of the user (sent: system, user)',
  ],
  ['no message', { ...body, messages: [] }, 400, '(sent: none)'],
  ['an empty question', { ...body, messages: [{ role: 'user', content: ' ' }] }, 400, 'the question is empty'],
  ['an image', { ...body, messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 400, 'messages.0.content'],
  ['an unknown mode', { ...body, maft: { mode: 'guess' } }, 400, 'maft.mode'],
  ['a megabyte', { ...body, user: 'x'.repeat(2 ** 20) }, 413, 'longer than'],
])('%s is refused in one sentence before any model is asked', async (_, content, status, message) => {
  const before = world.inference.requests.length;
  const response = await post(await serve(), content);
  expect(response.status).toBe(status);
  expect(((await response.json()) as { error: { message: string } }).error.message).toContain(message);
  expect(world.inference.requests).toHaveLength(before);
});

test('pages of other sites, strange names and missing keys are refused', async () => {
  const url = await serve({ apiKey: 'secret' });
  expect((await post(url, body, { 'content-type': 'text/plain', authorization: 'Bearer secret' })).status).toBe(415);
  expect((await post(url, body)).status).toBe(401);
  expect((await post(url, body, { authorization: 'Bearer secreT' })).status).toBe(401);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  await expect(client(url, 'secret').chat.completions.create(body)).resolves.toBeDefined();
  const { request } = await import('node:http');
  const asked = request(`${url}/v1/models`, { headers: { host: 'evil.example' } }).end();
  const [response] = (await once(asked, 'response')) as [{ statusCode: number }];
  expect(response.statusCode).toBe(403);
});

/** Answers when it is told to, or fails when its caller goes away. */
function heldInference() {
  let release = (): void => undefined;
  let [asked, aborted] = [0, 0];
  const held = new Promise<void>((resolve) => (release = resolve));
  return {
    release: () => release(),
    asked: () => asked,
    aborted: () => aborted,
    inference: {
      models: () => world.inference.models(),
      complete: async (request, signal) => {
        asked += 1;
        const gone = once(signal, 'abort').then(() => {
          aborted += 1;
          throw signal.reason as Error;
        });
        await Promise.race([held, gone]);
        return world.inference.complete(request, signal);
      },
    } satisfies Inference,
  };
}

test('who goes away is not answered, and more than the limit are told to come later', async () => {
  const held = heldInference();
  inference = held.inference;
  const url = await serve({ mostRequests: 1 });
  const leaving = new AbortController();
  const left = client(url).chat.completions.create(body, { signal: leaving.signal });
  while (held.asked() < 3) await pause(5);
  const busy = await post(url, body);
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '1']);
  leaving.abort();
  await expect(left).rejects.toThrow();
  while (held.aborted() < 3) await pause(5);
  held.release();
  inference = world.inference;
  expect((await post(url, body)).status).toBe(200);
});

test('an endpoint that is down is passed on as such, also within a stream', async () => {
  const down = new ProviderError('embedded: connection refused', { retryable: true, unreachable: true });
  inference = { models: () => world.inference.models(), complete: () => Promise.reject(down) };
  const url = await serve();
  const error = await client(url)
    .chat.completions.create(body)
    .catch((caught: APIError) => caught);
  expect(error).toMatchObject({ status: 503, message: expect.stringContaining('connection refused') as string });
  expect(said.at(-1)).toBe('a question was not answered: embedded: connection refused');
  const streamed = await (await post(url, { ...body, stream: true })).text();
  expect(streamed).toContain('"message":"embedded: connection refused"');
  expect(streamed).not.toContain('[DONE]');
});

test('a line is followed: the next question goes to the version that was promoted meanwhile', async () => {
  const promotion = { gate: 'never', margin: 0.02, guards: true, approveWithin: '24h', otherwise: 'reject' } as const;
  const { task, model } = served.specification;
  const record = {
    name: 'daily',
    fixed: { task, model },
    seed: 0,
    minimumProblems: 1,
    promotion,
    by: 'ada',
    createdAt: '',
  };
  await publishSealed(world.store, lineKeys.record('daily'), record);
  const line = new StoredLine(world.store, record);
  const version = (society: string, parent: number | null): Omit<LineVersion, 'number'> => ({
    ...{ society, parent, run: null, evidence: null, decision: 'by hand', by: 'ada', why: '', at: '2026-12-01' },
  });
  await line.append(version('base', null));
  const told: string[] = [];
  const source = await lineSociety(world.store, 'daily', { everyMs: 0, say: (message) => told.push(message) });
  const before = await source.current();
  expect([source.name, before.society.runId, before.society.iteration]).toEqual(['daily', 'base', 0]);
  const evaluation = { iteration: 0 };
  await publishSealed(world.store, iterationKeys.evaluation({ runId: 'run', iteration: 0 }), evaluation);
  await line.append(version('run@0', 1));
  const after = await source.current();
  expect([after.society.runId, before.society.runId]).toEqual(['run', 'base']);
  await line.append(version('lost@3', 2));
  expect((await source.current()).society.runId).toBe('run');
  expect(told).toEqual([
    'line daily: version 2 (run@0) answers from now on',
    expect.stringMatching(/^line daily cannot be read, version 2 goes on answering: .*lost/),
  ]);
});
