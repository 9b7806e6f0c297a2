/** Measures inside a run, against the real server: real workflows and activities, doubles only where a model would be. */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readSealed } from '../../src/artifacts/sealed';
import type { Measures } from '../../src/contract/measures';
import { iterationKeys } from '../../src/domain/keys';
import { ProviderError, UnsupportedByEndpoint } from '../../src/errors';
import { fakeBaseModel } from '../support/fake-ports';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });

describe('measuring within a run', () => {
  let world: ServedWorld;

  beforeAll(async () => {
    world = await serveWorld();
  });

  afterAll(async () => {
    await world.close();
    await Runtime.instance().shutdown();
  });

  beforeEach(() => {
    world.scoring.trouble = () => undefined;
  });

  const start = (runId: string, evaluation: object) =>
    world.start('multiagentFinetuning', runId, {
      task: { kind: 'arithmetic', max: 10, train: 6, eval: 6 },
      model: { base: fakeBaseModel },
      method: { prompts: 'compact' },
      iterations: 1,
      execution: { shardSize: 3 },
      evaluation,
    });
  const measuresOf = (runId: string, iteration: number) =>
    readSealed<Measures>(world.store, iterationKeys.measures({ runId, iteration }));

  test('every evaluated society has its measures', async () => {
    const measures = ['agreement', 'embedding', 'critic-reading', 'nll', 'kl-agents', 'kl-base'];
    await (await start('measured', { measures })).result();
    expect(await measuresOf('measured', 0)).toMatchObject({
      klBetweenAgents: { critic: { value: 0 } },
      criticReading: { kind: 'measured', problemsAsked: 6, failed: 0 },
    });
    const tuned = (await measuresOf('measured', 1))!;
    expect(tuned).toMatchObject({
      heldOutLikelihood: { kind: 'measured', scorer: 'held-out critic', n: 6 },
      criticReading: { kind: 'measured', problemsAsked: 6, failed: 0 },
      flips: { sincePrevious: { kind: 'measured', problems: 6 } },
    });
    expect(tuned.cost.debate).toMatchObject({ kind: 'measured' });
  });

  test('an endpoint that only chats leaves them unmeasured, with the reason, and the run completes', async () => {
    world.scoring.trouble = () => new UnsupportedByEndpoint('http://host/v1 has no /tokenize that scores');
    await (await start('chat-only', { measures: ['agreement', 'embedding', 'nll'] })).result();
    const reason = 'http://host/v1 has no /tokenize that scores';
    expect(await measuresOf('chat-only', 1)).toMatchObject({
      agreement: { kind: 'measured' },
      embedding: { first: { kind: 'not-measurable', reason } },
      heldOutLikelihood: { kind: 'not-measurable', reason },
    });
  });

  test('an endpoint that is refused for good leaves them unmeasured as well', async () => {
    // What it refuses to tokenize on the embedded server would refuse the run before it begins.
    world.scoring.trouble = (route) =>
      route === 'tokenize'
        ? undefined
        : new ProviderError('http://host/v1 answered 400', { status: 400, retryable: false });
    await (await start('refused', { measures: ['nll'] })).result();
    expect(await measuresOf('refused', 0)).toMatchObject({
      heldOutLikelihood: { kind: 'not-measurable', reason: 'http://host/v1 answered 400' },
    });
  });
});
