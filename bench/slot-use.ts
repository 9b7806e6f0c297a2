/**
 * How much of an endpoint's capacity a run uses: the real activities, provider and store against an HTTP endpoint that
 * takes a second for every answer and could bear 64 at a time.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenAiEndpoint } from '../src/providers/openai-endpoint';
import { OpenAiInference } from '../src/providers/openai-inference';
import { startWorkers, turnsToFetch } from '../src/worker';
import { fakeBaseModel, fakeWorld } from '../test/support/fake-ports';
import type { Benchmark, BenchmarkResult } from './measurement';
import { whileServing, withTemporal, type BenchServer } from './temporal';

const latencyMs = 1_000;
const endpointSlots = 64;
const usualProblems = 320;
const callsPerProblem = 9;
/** Shares of all calls between which the run counts as warm: the queue is full and not yet running dry. */
const warm = { from: 0.15, to: 0.85 };

export const slotUse: Benchmark = {
  name: 'slot-use',
  title: 'share of the slot time used, endpoint of 1 s latency and 64 slots',
  run: ({ temporal, scale }) => withTemporal(temporal, (server) => measure(server, Math.ceil(usualProblems * scale))),
};

async function measure({ client, folder, settings }: BenchServer, problems: number): Promise<BenchmarkResult> {
  const endpoint = await startSlowEndpoint();
  const wire = new OpenAiEndpoint({ baseUrl: endpoint.baseUrl, timeoutMs: 60_000, maxConcurrency: endpointSlots });
  const inference = new OpenAiInference(wire);
  const { dependencies } = fakeWorld(`${folder}/store`);
  const slots = { turnSlots: turnsToFetch(endpointSlots), trainingSlots: 2 };
  const workers = await startWorkers(settings(slots), { ...dependencies, inference: () => inference });
  await whileServing(workers, async () => {
    const options = { workflowId: 'maft/slot-use', taskQueue: 'maft', args: [specification(problems)] };
    await client.workflow.execute('multiagentFinetuning', options);
  });
  await wire.close();
  endpoint.server.close();
  const { share, seconds } = endpoint.use();
  return {
    benchmark: slotUse.name,
    measurements: [
      { measure: 'share of the slot time used', value: share, unit: '', target: { kind: 'at least', value: 0.95 } },
    ],
    setting: { latencyMs, endpointSlots, problems, callsPerProblem, warmSeconds: seconds },
  };
}

function specification(problems: number): object {
  return {
    task: { kind: 'arithmetic', max: 10, train: 1, eval: problems },
    model: { base: fakeBaseModel },
    method: { prompts: 'compact' },
    iterations: 0,
    evaluation: { votes: { at: 'never' } },
    // Shards open and close while it is measured, and enough of them are open to fill the slots.
    execution: { shardSize: 20, shardsInFlight: 8, problemsInFlight: 8 },
  };
}

interface Moment {
  at: number;
  inFlight: number;
}

/** Answers every completion after a second, and notes how many are in flight whenever that changes. */
async function startSlowEndpoint() {
  const moments: Moment[] = [];
  let inFlight = 0;
  const note = (change: number) => moments.push({ at: performance.now(), inFlight: (inFlight += change) });
  const answer = { choices: [{ message: { content: '#36' }, finish_reason: 'stop' }] };
  const usage = { prompt_tokens: 20, completion_tokens: 3 };
  const server: Server = createServer((request, response) => {
    const reply = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    request.resume();
    if (request.method === 'GET') return void reply({ data: [{ id: fakeBaseModel }] });
    note(1);
    setTimeout(() => {
      note(-1);
      reply({ ...answer, usage });
    }, latencyMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, baseUrl: `http://127.0.0.1:${port}/v1`, use: () => usedShare(moments) };
}

/** Mean number in flight over the warm part, as a share of the slots. */
function usedShare(moments: readonly Moment[]): { share: number; seconds: number } {
  const part = moments.slice(Math.floor(moments.length * warm.from), Math.floor(moments.length * warm.to));
  const slotTime = part.slice(1).reduce((sum, { at }, index) => {
    const before = part[index]!;
    return sum + before.inFlight * (at - before.at);
  }, 0);
  const elapsed = (part.at(-1)?.at ?? 0) - (part[0]?.at ?? 0);
  return { share: slotTime / (elapsed * endpointSlots), seconds: elapsed / 1_000 };
}
