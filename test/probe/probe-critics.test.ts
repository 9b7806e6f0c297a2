/** The intervention as it is asked: over HTTP, of speakers whose critics ignore, follow or judge what they read. */
import type { ServerResponse } from 'node:http';
import { samplingSeed } from '../../src/domain/draws';
import { sampleName } from '../../src/domain/identifiers';
import { wholeIntervention } from '../../src/domain/measures/critic-reading';
import { untunedSociety } from '../../src/domain/society';
import { ProviderError } from '../../src/errors';
import { patientAsking } from '../../src/probe/patient-asking';
import { probeCritics, type ProbeAtOnce, type ProbeProblem } from '../../src/probe/probe-at-once';
import { promptSet } from '../../src/prompts';
import { OpenAiEndpoint } from '../../src/providers/openai-endpoint';
import { OpenAiInference } from '../../src/providers/openai-inference';
import { resolveSpecification } from '../../src/specification';
import { graderFor, readerFor } from '../../src/tasks';
import {
  completionBody,
  json,
  startLocalEndpoint,
  type LocalEndpoint,
  type ReceivedRequest,
} from '../support/local-endpoint';

interface Asked {
  model: string;
  messages: { role: string; content: string }[];
  seed: number;
}

/** What a critic answers who has answered `own` and reads `others`; 7 is the right answer to everything. */
type Critic = (own: string, others: string[]) => string;

const ignoring: Critic = (own) => own;
const following: Critic = (own, others) => (others.includes(own) ? own : (others[0] ?? own));
const judging: Critic = (own, others) => (others.includes('7') ? '7' : own);

const problems: ProbeProblem[] = Array.from({ length: 5 }, (_, index) => {
  return { id: `p-${index}`, question: `${index}+0*0+7-${index}*1`, answer: '7' };
});
const reader = readerFor({ kind: 'arithmetic' }, { dataDirectory: '/nowhere' });
const specification = (method: object = {}) =>
  resolveSpecification({
    task: { kind: 'arithmetic' },
    model: { base: 'speaker' },
    method: { preset: 'debate', prompts: 'compact', ...method },
  }).specification;

let server: LocalEndpoint;
let endpoint: OpenAiEndpoint;
beforeAll(async () => {
  server = await startLocalEndpoint();
  endpoint = new OpenAiEndpoint({ baseUrl: server.baseUrl, timeoutMs: 20_000, maxConcurrency: 16, environment: {} });
});
afterAll(async () => {
  await server.close();
  await endpoint.close();
});
beforeEach(() => server.received.splice(0));

const answersIn = (text: string) => [...text.matchAll(/#(-?\d+)/g)].map(([, answer]) => answer!);
const asked = () => server.received.map(({ body }) => body as unknown as Asked);
const isSummary = ({ messages }: Asked) => messages[0]!.content.startsWith('List:');
const isRevision = ({ messages }: Asked) => messages.length > 1;

/** First answers are right or wrong by the seed, summaries list the answers, critics answer as they do. */
function speaking(critic: Critic, first = (seed: number): string => (seed % 2 === 0 ? '#7' : '#8')) {
  return ({ body }: ReceivedRequest, response: ServerResponse) => {
    const request = body as unknown as Asked;
    const [own, last] = request.messages.slice(-2).map(({ content }) => answersIn(content));
    const said = isSummary(request)
      ? answersIn(request.messages[0]!.content)
          .map((answer) => `#${answer}`)
          .join(' ')
      : isRevision(request)
        ? `#${critic(own![0]!, last!)}`
        : first(request.seed);
    json(200, completionBody(said))({} as ReceivedRequest, response);
  };
}

function probing(settings: { method?: object; change?: Partial<ProbeAtOnce['society']> } = {}): ProbeAtOnce {
  const inference = () => new OpenAiInference(endpoint);
  const society = { ...untunedSociety('probe', specification(settings.method)), ...settings.change };
  return {
    ...{ society, rules: { members: 3, rounds: 2, critics: 'own' }, iteration: society.iteration },
    intervention: wholeIntervention(3, 16),
    prompts: promptSet('compact', 'arithmetic'),
    ...{ thinking: 'strip', seed: 5, endpoint: 'local', reader, grader: graderFor(reader) },
    ask: patientAsking({ inference, signal: new AbortController().signal, pausesMs: [1] }).ask,
  };
}

test.each([
  { name: 'that ignore what they read', critic: ignoring, reading: 0, copying: 0 },
  { name: 'that take over whatever they read', critic: following, reading: 100, copying: 100 },
  { name: 'that take over right answers only', critic: judging, reading: 100, copying: 0 },
])('critics $name', async ({ critic, reading, copying }) => {
  server.answer = speaking(critic);
  expect(await probeCritics(probing(), problems.slice(0, 5))).toMatchObject({
    problemsAsked: 5,
    failed: 0,
    reading: { points: reading },
    copying: { points: copying },
  });
});

test('everything but what is exchanged is equal: models, seeds, question and own answers', async () => {
  server.answer = speaking(judging);
  const [problem] = problems;
  await probeCritics(probing(), [problem!]);
  const revisions = asked().filter(isRevision);
  expect(revisions).toHaveLength(3 * 6);
  const seeds = new Set(revisions.map(({ seed }) => seed));
  expect(seeds.size).toBe(3);
  for (const each of seeds) {
    const ofCritic = revisions.filter(({ seed }) => seed === each);
    expect(new Set(ofCritic.map(({ messages }) => messages[0]!.content))).toEqual(new Set([`${problem!.question}=?`]));
    const seen = ofCritic.map(({ messages }) => `${messages[1]!.content} ${answersIn(messages[2]!.content).join(',')}`);
    expect(new Set(seen).size).toBe(6);
  }
});

test('first answers are drawn as the samples of a vote over k are, seed included', async () => {
  server.answer = speaking(judging);
  await probeCritics(probing(), [problems[0]!]);
  const first = asked().filter((request) => !isSummary(request) && !isRevision(request));
  const place = { kind: 'response', seed: 5, iteration: 0, split: 'eval', problemId: 'p-0', round: 1 } as const;
  const samples = first.map((_, index) => samplingSeed({ ...place, agent: sampleName(index + 1, 3) }));
  expect(new Set(first.map(({ seed }) => seed))).toEqual(new Set(samples));
});

test('each critic is told once what two others say, whatever its own answer is', async () => {
  server.answer = speaking(judging);
  await probeCritics(probing(), [problems[0]!]);
  const summaries = asked().filter(isSummary);
  expect(summaries).toHaveLength(3 * 3);
  expect(summaries.every(({ messages }) => answersIn(messages[0]!.content).length === 2)).toBe(true);
});

test('a tuned society is asked by the models of its own agents, its summaries by the base', async () => {
  server.answer = speaking(judging);
  const names = ['generation', 'critic'].flatMap((role) => [1, 2, 3].map((member) => `${role}-${member}`));
  const tuned = (name: string) => ({ model: `run.i2.${name}.0a`, trainedIn: 2, endpoint: 'local' });
  const agents = Object.fromEntries(names.map((name) => [name, tuned(name)]));
  await probeCritics(probing({ change: { agents, iteration: 2 } }), [problems[0]!]);
  const models = (chosen: (request: Asked) => boolean) =>
    new Set(
      asked()
        .filter(chosen)
        .map(({ model }) => model),
    );
  const ofRole = (role: string) => new Set([1, 2, 3].map((member) => `run.i2.${role}-${member}.0a`));
  expect(models((request) => !isSummary(request) && !isRevision(request))).toEqual(ofRole('generation'));
  expect(models(isRevision)).toEqual(ofRole('critic'));
  expect(models(isSummary)).toEqual(new Set(['speaker']));
});

test('without summaries critics read the two responses themselves', async () => {
  server.answer = speaking(judging);
  const found = await probeCritics(probing({ method: { summary: false } }), problems.slice(0, 3));
  expect(asked().some(isSummary)).toBe(false);
  expect(found).toMatchObject({ reading: { points: 100 }, copying: { points: 0 } });
});

test('no more first answers are drawn of a problem than it takes, and never more than allowed', async () => {
  server.answer = speaking(judging, () => '#7');
  expect(
    await probeCritics({ ...probing(), intervention: wholeIntervention(3, 9) }, problems.slice(0, 2)),
  ).toMatchObject({
    problemsAsked: 2,
    problems: 0,
    reading: { points: null, standardError: null },
    verdict: 'not-measured',
  });
  expect(server.received).toHaveLength(2 * 9);
});

test('a response without an answer is not shown as a wrong one', async () => {
  server.answer = speaking(judging, (seed) => (seed % 2 === 0 ? '#7' : 'no idea'));
  expect(await probeCritics(probing(), problems.slice(0, 3))).toMatchObject({ problems: 0 });
});

test('a problem of which a request is refused is counted, and the others are measured', async () => {
  const speak = speaking(judging);
  server.answer = (request, response) => {
    const isFirst = JSON.stringify(request.body).includes(`"${problems[0]!.question}=?"`);
    if (isFirst) json(400, { error: { message: 'too long' } })(request, response);
    else speak(request, response);
  };
  expect(await probeCritics(probing(), problems.slice(0, 3))).toMatchObject({ problemsAsked: 3, failed: 1 });
});

test.each([
  { status: 400, message: 'too long' },
  { status: 401, message: 'no such key' },
])('an endpoint that answers every request with $status is no finding', async ({ status, message }) => {
  server.answer = json(status, { error: { message } });
  await expect(probeCritics(probing(), problems.slice(0, 3))).rejects.toThrow(ProviderError);
});

test('an endpoint that is overloaded for a moment is asked again', async () => {
  const speak = speaking(judging);
  let calls = 0;
  server.answer = (request, response) => {
    calls += 1;
    if (calls % 5 === 0) json(429, { error: { message: 'slow down' } })(request, response);
    else speak(request, response);
  };
  const ask = patientAsking({
    inference: () => new OpenAiInference(endpoint),
    signal: new AbortController().signal,
    pausesMs: Array.from({ length: 20 }, () => 1),
  });
  expect(await probeCritics({ ...probing(), ask: ask.ask }, problems.slice(0, 3))).toMatchObject({ failed: 0 });
  expect(ask.counts.calls).toBe(server.received.length - Math.floor(calls / 5));
});

test('an interrupted probe ends with the reason', async () => {
  const interrupted = new AbortController();
  server.answer = () => interrupted.abort(new Error('Ctrl-C'));
  const inference = () => new OpenAiInference(endpoint);
  const { ask } = patientAsking({ inference, signal: interrupted.signal });
  await expect(probeCritics({ ...probing(), ask }, problems)).rejects.toThrow('Ctrl-C');
});
