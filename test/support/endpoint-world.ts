/** The activities of a run whose models are behind a real HTTP endpoint. */
import { parseLines } from '../../src/artifacts/lines';
import type { Problem } from '../../src/contract/problem';
import { runKeys } from '../../src/domain/keys';
import { OpenAiEndpoint } from '../../src/providers/openai-endpoint';
import { OpenAiInference } from '../../src/providers/openai-inference';
import type { ActivityDependencies } from '../../activities';
import { activityWorld, trainingShard, turnOf, type ActivityWorld } from './activity-world';
import { fakeBaseModel } from './fake-ports';
import { completionBody, json, startLocalEndpoint, type Answer, type LocalEndpoint } from './local-endpoint';

export interface EndpointWorld {
  world: ActivityWorld;
  server: LocalEndpoint;
  /** Says how completions are answered from now on; other routes work. */
  answerCompletions: (answer: Answer) => void;
  /** The training problems. */
  problems: () => Promise<Problem[]>;
  /** The first answer of a member, as one attempt. */
  take: (problemId: string, member?: number) => Promise<unknown>;
  /** The details of what an attempt fails with. */
  failureOf: (
    problemId: string,
    member?: number,
  ) => Promise<{ nonRetryable: boolean; outage: unknown; message: string }>;
  /** Completions asked for so far. */
  asked: () => number;
  close: () => Promise<void>;
}

export async function endpointWorld(adapt: Partial<ActivityDependencies> = {}): Promise<EndpointWorld> {
  const server = await startLocalEndpoint();
  const endpoint = new OpenAiEndpoint({ baseUrl: server.baseUrl, timeoutMs: 20_000, maxConcurrency: 8 });
  let completions: Answer = json(200, completionBody('#14'));
  server.answer = (request, response) => {
    const models = json(200, { data: [{ id: fakeBaseModel }] });
    return request.path.endsWith('/models') ? models(request, response) : completions(request, response);
  };
  const world = await activityWorld(() => ({ inference: () => new OpenAiInference(endpoint), ...adapt }));
  const plan = await world.resolve('run', { task: { kind: 'arithmetic', max: 10, train: 20, eval: 4 } });
  const shard = trainingShard(plan);
  const take: EndpointWorld['take'] = (problemId, member = 1) =>
    world.call('takeTurn', turnOf(shard, { problemId, round: 1, member }));
  return {
    world,
    server,
    answerCompletions: (answer) => (completions = answer),
    take,
    problems: async () => parseLines<Problem>((await world.store.read(runKeys.problems('run', 'train')))!),
    async failureOf(problemId, member) {
      const failure = await take(problemId, member).then(
        () => Promise.reject(new Error('it succeeded')),
        (error: unknown) => error as { nonRetryable: boolean; message: string; details: { outage: unknown }[] },
      );
      return {
        nonRetryable: failure.nonRetryable,
        outage: failure.details[0]?.outage,
        message: failure.message,
      };
    },
    asked: () => server.received.filter(({ path }) => path.endsWith('/chat/completions')).length,
    async close() {
      await server.close();
      await endpoint.close();
      await world.remove();
    },
  };
}
