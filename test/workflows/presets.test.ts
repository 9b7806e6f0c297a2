/**
 * Every preset of the method, run whole by the same workflows: who debated, who was trained on what, how the result was
 * measured. Doubles only where a model or a trainer would be.
 */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { RunOutcome } from '../../src/contract/run';
import type { TrainingExample } from '../../src/contract/training';
import { readSealed } from '../../src/artifacts/sealed';
import type { WeightsRecord } from '../../src/contract/training-job';
import { iterationKeys } from '../../src/domain/keys';
import { presetNames } from '../../src/domain/presets';
import { memberNumbers } from '../../src/domain/identifiers';
import { plannedWorkload } from '../../src/domain/workload';
import { resolveSpecification } from '../../src/specification';
import { fakeBaseModel } from '../support/fake-ports';
import { runFiles, turnsIn, type RunFiles } from '../support/run-files';
import { serveWorld, type ServedWorld } from '../support/served-world';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let world: ServedWorld;

beforeAll(async () => {
  world = await serveWorld();
});

afterAll(async () => {
  await world.close();
  await Runtime.instance().shutdown();
});

afterEach(() => {
  world.inference.served = [fakeBaseModel];
});

const train = 4;

/** Only the society's own answer: votes, temperatures and measures have tests of their own. */
const plainly = { votes: { at: 'never' }, temperatures: [], measures: ['agreement'] };

interface Changes {
  evaluation?: object;
  [field: string]: unknown;
}

const small = (method: object, { evaluation, ...changes }: Changes = {}) => ({
  task: { kind: 'arithmetic', max: 10, train, eval: 2 },
  model: { base: fakeBaseModel },
  method: { prompts: 'compact', ...method },
  ...changes,
  evaluation: { ...plainly, ...evaluation },
});

async function perform(runId: string, specification: object): Promise<{ files: RunFiles; outcome: RunOutcome }> {
  const handle = await world.start('multiagentFinetuning', runId, specification);
  return { outcome: (await handle.result()) as RunOutcome, files: runFiles(world.folder, runId) };
}

const agents = (role: string, members: number) => memberNumbers(members).map((member) => `${role}-${member}`);
const six = [...agents('critic', 3), ...agents('generation', 3)];
const firstPrompts = ({ messages }: TrainingExample) => messages.length === 1;

interface Expected {
  trained: string[];
  /** Sets that examples belong to, over all agents. */
  sets: string[];
  /** Calls per problem of the society's own answer. */
  calls: number;
}

const debated: Omit<Expected, 'trained'> = { sets: ['consistent', 'corrected', 'generation'], calls: 9 };

const expected: Record<string, Expected> = {
  base: { trained: [], sets: [], calls: 1 },
  majority: { trained: [], sets: [], calls: 3 },
  debate: { trained: [], sets: [], calls: 9 },
  star: { trained: ['shared'], sets: ['hinted', 'majority'], calls: 1 },
  'majority-finetuning': { trained: ['shared'], sets: ['majority'], calls: 3 },
  'multiagent-finetuning': { trained: six, ...debated },
  'without-summary': { trained: six, ...debated, calls: 6 },
  'without-critics': { trained: agents('generation', 3), sets: ['generation'], calls: 9 },
  'single-agent': { trained: ['shared'], sets: ['majority'], calls: 9 },
  'single-agent-without-debate': { trained: ['shared'], sets: ['majority'], calls: 1 },
  'single-agent-temperature': { trained: ['shared'], sets: ['majority'], calls: 9 },
  'unique-id': { trained: [], sets: [], calls: 9 },
  'unique-id-tuned': { trained: ['shared'], ...debated },
  'varied-prompts': { trained: [], sets: [], calls: 9 },
  cooperative: { trained: six, ...debated },
  'no-interaction': { trained: six, ...debated },
  'json-messages': { trained: six, ...debated },
  distilled: { trained: ['shared'], sets: ['majority'], calls: 1 },
  preferences: { trained: six, ...debated, sets: [...debated.sets, 'undesirable'] },
  'five-agents': { trained: [...agents('critic', 5), ...agents('generation', 5)], ...debated, calls: 15 },
};

/** The society that is distilled. */
const teacher = 'multiagent-finetuning';

const further: Record<string, Changes> = {
  star: { iterations: 1 },
  distilled: { model: { base: fakeBaseModel, society: `${teacher}@1` } },
};

function specificationOf(preset: string) {
  const specification = small({ preset }, further[preset]);
  return preset === 'json-messages' ? { ...specification, method: preset } : specification;
}

/** All of them at once: most of a small run's time is waiting for its next step. */
const runs = new Map<string, ReturnType<typeof perform>>();
beforeAll(() => {
  for (const preset of Object.keys(expected)) {
    const begin = async () => {
      if (preset === 'distilled') await runs.get(teacher);
      return perform(preset, specificationOf(preset));
    };
    const run = begin();
    runs.set(preset, run);
    run.catch(() => undefined);
  }
});

const filesOf = async (preset: string) => (await runs.get(preset)!).files;

test('every preset is looked at', () => expect(Object.keys(expected).sort()).toEqual([...presetNames].sort()));

test.each(Object.entries(expected))(
  '%s: the agents that are trained, on which sets, and how the result is measured',
  async (preset, { trained, sets, calls }) => {
    const { files, outcome } = await runs.get(preset)!;
    const last = outcome.iterations;
    const foreseen = plannedWorkload(resolveSpecification(specificationOf(preset)).specification);
    // STaR asks again with a hint where an answer was wrong.
    if (foreseen.isLowerBound) expect(outcome.counts.calls).toBeGreaterThanOrEqual(foreseen.calls.total);
    else expect(outcome.counts.calls).toBe(foreseen.calls.total);
    expect(foreseen.trainings).toBe(trained.length * last);
    expect(last).toBe(trained.length > 0 ? 1 : 0);
    const society = (await files.evaluation(last)).modes.find(({ mode }) => mode === 'society');
    expect(society).toMatchObject({ problems: 2, callsPerProblem: calls });
    expect((await files.trained(1)).sort()).toEqual(trained);
    const examples = (await Promise.all(trained.map((agent) => files.trainingSet(1, agent)))).flat();
    const found = [...new Set(examples.map(({ set }) => set))].sort();
    // So few problems may leave one side of a critic's set empty.
    expect(found.filter((set) => set !== 'corrected')).toEqual(sets.filter((set) => set !== 'corrected'));
    expect(sets).toEqual(expect.arrayContaining(found));
    await everyPromptIsAsSent(files, preset, examples);
    await onlyTheTrainedHaveNewWeights(files, last, trained);
  },
  120_000,
);

/** Byte for byte what was sent at that turn; one shared model gets the prompt of round 1, but for the union. */
async function everyPromptIsAsSent(files: RunFiles, preset: string, examples: TrainingExample[]): Promise<void> {
  if (examples.length === 0) return;
  const transcripts = await files.transcripts(1, 'train');
  for (const example of examples) {
    const debate = transcripts.find(({ problemId }) => problemId === example.problemId);
    const round = preset.startsWith('single-agent') || preset === 'distilled' ? 1 : example.round;
    const turn = turnsIn([debate!], round).find(({ member }) => member === example.member)!;
    expect(JSON.stringify(example.messages)).toBe(JSON.stringify(turn.messages));
  }
}

async function onlyTheTrainedHaveNewWeights(files: RunFiles, last: number, trained: string[]): Promise<void> {
  for (const [agent, { model }] of Object.entries((await files.society(last)).agents)) {
    const isTrained = trained.includes(agent) || trained.includes('shared');
    expect([agent, model === fakeBaseModel]).toEqual([agent, !isTrained]);
  }
}

describe('star', () => {
  test('asks the wrong ones again with the reference as a hint, and never trains on that prompt', async () => {
    const files = await filesOf('star');
    const turns = turnsIn(await files.transcripts(1, 'train'));
    const hinted = turns.filter((turn) => turn.hinted !== undefined);
    expect(hinted.length).toBeGreaterThan(0);
    expect(hinted.length).toBeLessThan(turns.length);
    expect(hinted[0]!.hinted!.messages.at(-1)!.content).toMatch(/=\?\nOthers: (-?\d+), \1\. .*=\?$/);
    const examples = await files.trainingSet(1, 'shared');
    expect(examples.every(({ messages }) => messages.every(({ content }) => !content.includes('Others:')))).toBe(true);
    expect(turnsIn(await files.transcripts(1, 'eval')).some((turn) => turn.hinted !== undefined)).toBe(false);
  });

  test('restarts from the base in every pass and ends when the training loss no longer falls', async () => {
    // The fake trainer's loss is always the same: the second pass is no improvement on the first.
    const { outcome, files } = await perform('star-to-the-end', small({ preset: 'star' }));
    expect(outcome.iterations).toBe(2);
    const requests = world.trainer.requests.filter(({ runId }) => runId === 'star-to-the-end');
    expect(requests.map(({ start }) => start)).toEqual([fakeBaseModel, fakeBaseModel]);
    expect((await files.evaluation(2)).modes.map(({ mode }) => mode)).toContain('society');
  });

  test('may be evaluated by a debate of the one tuned model', async () => {
    const { files } = await perform(
      'star-debating',
      small({ preset: 'star', evaluateBy: 'debate' }, { iterations: 1, evaluation: { members: 3, rounds: 2 } }),
    );
    const { agents: all } = await files.society(1);
    expect(Object.keys(all)).toHaveLength(6);
    expect(new Set(Object.values(all).map(({ model }) => model)).size).toBe(1);
    const society = (await files.evaluation(1)).modes.find(({ mode }) => mode === 'society');
    expect(society).toMatchObject({ callsPerProblem: 9 });
    expect(turnsIn(await files.transcripts(1, 'train'))).toHaveLength(train);
  });
});

describe('distilled', () => {
  test('one model learns from the base what the society agreed on, and answers alone', async () => {
    const files = await filesOf('distilled');
    const tuned = await runFiles(world.folder, teacher).society(1);
    const turns = turnsIn(await files.transcripts(1, 'train'));
    expect(turns.every(({ agent, model }) => model === tuned.agents[agent]!.model)).toBe(true);
    const [request] = world.trainer.requests.filter(({ runId }) => runId === 'distilled');
    expect(request!.start).toBe(fakeBaseModel);
    expect((await files.transcripts(1, 'eval')).every(({ rounds }) => rounds.length === 1)).toBe(true);
  });
});

describe('preferences', () => {
  test('generation agents learn pairs to one prompt by DPO, critics labelled responses by KTO', async () => {
    const files = await filesOf('preferences');
    const requests = world.trainer.requests.filter(({ runId }) => runId === 'preferences');
    for (const { agent, settings } of requests) {
      const { loss, learningRate } = settings;
      const isCritic = agent.startsWith('critic-');
      expect([loss, learningRate]).toEqual([{ [isCritic ? 'kto' : 'dpo']: { beta: 0.1 } }, 2e-5]);
    }
    const sets = async (role: string) =>
      (await Promise.all(agents(role, 3).map((agent) => files.trainingSet(1, agent)))).flat();
    const answerOf = (text: string) => text.split('#')[1];
    for (const { completion, rejected, desirable } of await sets('generation')) {
      expect(answerOf(rejected!)).not.toBe(answerOf(completion));
      expect(desirable).toBeUndefined();
    }
    const labels = (await sets('critic')).map(({ desirable, set }) => [desirable, set === 'undesirable']);
    expect(labels.every(([desirable, isUndesirable]) => desirable !== isUndesirable)).toBe(true);
    const weights = await readSealed<WeightsRecord>(
      world.store,
      iterationKeys.weights({ runId: 'preferences', iteration: 1 }, 'critic-1'),
    );
    expect(weights?.training?.loss).toEqual({ kto: { beta: 0.1 } });
  });

  test('one model learns pairs of last responses under the question alone: majority against minority', async () => {
    const method = { preset: 'preferences', weights: 'one' };
    const { files } = await perform('one-model-preferences', small(method, { finetuning: { beta: 0.2 } }));
    const [request] = world.trainer.requests.filter(({ runId }) => runId === 'one-model-preferences');
    expect(request!.settings.loss).toEqual({ dpo: { beta: 0.2 } });
    const debates = await files.transcripts(1, 'train');
    for (const { problemId, messages, completion, rejected } of await files.trainingSet(1, 'shared')) {
      const { rounds } = debates.find((each) => each.problemId === problemId)!;
      expect(messages).toEqual(rounds[0]!.turns[0]!.messages);
      const says = (text: string) => rounds[1]!.turns.filter(({ response }) => response === text);
      expect([says(completion)[0]!.agrees, says(rejected!)[0]!.agrees]).toEqual([true, false]);
    }
  });
});

test('json-messages: answers are read from the objects, summaries too are asked for as one, anything else is unparsable', async () => {
  const files = await filesOf('json-messages');
  const turns = turnsIn(await files.transcripts(1, 'train'));
  const parsed = turns.filter(({ answer }) => answer !== null);
  expect(parsed.every(({ response, answer }) => (JSON.parse(response) as { answer: string }).answer === answer)).toBe(
    true,
  );
  const others = turns.filter(({ answer }) => answer === null);
  expect(others.length).toBeGreaterThan(0);
  expect(others.every(({ response }) => response.startsWith('The answer is'))).toBe(true);
  const summaries = turns.flatMap(({ summary }) => (summary === undefined ? [] : [summary.messages[0]!.content]));
  expect(summaries.every((text) => text.includes('one JSON object of the same shape'))).toBe(true);
  const { agents: accounts } = await files.selection(1);
  expect(accounts.some(({ outcomes }) => (outcomes.unparsable ?? 0) > 0)).toBe(true);
});

describe('who speaks with which prompt', () => {
  test('unique-id: prompts begin with the identity of the agent that is asked', async () => {
    const transcripts = await (await filesOf('unique-id')).transcripts(0, 'eval');
    for (const { member, messages } of turnsIn(transcripts, 2)) {
      expect(messages.map(({ content }) => content.split('\n')[0])).toEqual([
        `GEN${member}`,
        expect.anything(),
        `CRIT${member}`,
      ]);
    }
  });

  test('unique-id-tuned: the identities are in the training examples, one model has all six', async () => {
    const examples = await (await filesOf('unique-id-tuned')).trainingSet(1, 'shared');
    const identities = examples.map(({ messages }) => messages.at(-1)!.content.split('\n')[0]);
    expect(new Set(identities).size).toBeGreaterThan(3);
    expect(examples.filter(firstPrompts).every(({ set }) => set === 'generation')).toBe(true);
  });

  test('varied-prompts: every member is asked in a way of its own', async () => {
    const turns = turnsIn(await (await filesOf('varied-prompts')).transcripts(0, 'eval'), 1);
    const asked = (member: number) => turns.find((turn) => turn.member === member)!.messages[0]!.content.split('\n')[0];
    expect(new Set([1, 2, 3].map(asked)).size).toBe(3);
  });

  test('cooperative: members are asked to work together', async () => {
    const turns = turnsIn(await (await filesOf('cooperative')).transcripts(1, 'train'));
    expect(turns.every(({ messages }) => messages.at(-1)!.content.startsWith('Together.\n'))).toBe(true);
  });

  test('without-critics: the generation agent itself, tuned, answers the later rounds', async () => {
    const files = await filesOf('without-critics');
    const { agents: tuned } = await files.society(1);
    expect(Object.keys(tuned)).toEqual(agents('generation', 3));
    for (const { agent, member, model } of turnsIn(await files.transcripts(1, 'eval'), 2)) {
      expect([agent, model]).toEqual([`generation-${member}`, tuned[agent]!.model]);
    }
  });

  test('no-interaction: at evaluation one generation agent gives all first answers, in training each its own', async () => {
    const files = await filesOf('no-interaction');
    const { agents: tuned } = await files.society(1);
    const evaluated = await files.transcripts(1, 'eval');
    expect(new Set(turnsIn(evaluated, 1).map(({ model }) => model))).toEqual(new Set([tuned['generation-1']!.model]));
    expect(new Set(turnsIn(evaluated, 1).map(({ agent }) => agent))).toEqual(new Set(['generation-1']));
    expect(new Set(turnsIn(evaluated, 2).map(({ model }) => model)).size).toBe(3);
    const trained = await files.transcripts(1, 'train');
    expect(new Set(turnsIn(trained, 1).map(({ agent }) => agent)).size).toBe(3);
  });

  test('single-agent-temperature: agents sample at 2, the summariser does not', async () => {
    await filesOf('single-agent-temperature');
    const model = world.inference.requests.filter(({ sampling }) => sampling.temperature === 2);
    expect(model.length).toBeGreaterThan(0);
    expect(model.some(({ messages }) => messages[0]!.content.startsWith('List:'))).toBe(false);
  });

  test('untuned critics keep the base while the generation agents learn', async () => {
    const { files } = await perform('untuned-critics', small({ critics: 'untuned' }));
    expect((await files.trained(1)).sort()).toEqual(agents('generation', 3));
    await onlyTheTrainedHaveNewWeights(files, 1, agents('generation', 3));
  });
});

test('majority over nine samples of three agents is one setting', async () => {
  const { files } = await perform('majority-of-nine', small({ preset: 'majority', samples: 9 }));
  const { modes } = await files.evaluation(0);
  expect(modes.find(({ mode }) => mode === 'society')).toMatchObject({ callsPerProblem: 9 });
  expect(modes.find(({ mode }) => mode === 'vote-3')).toMatchObject({ callsPerProblem: 3 });
});

test('the system prompt and replaced templates are what is sent and what is trained on', async () => {
  const prompts = { base: 'compact', system: 'You are exact.', firstRound: 'Compute {question}=?' };
  const { files } = await perform('own-prompts', small({ prompts }));
  for (const example of await files.trainingSet(1, 'generation-2')) {
    expect(example.messages).toEqual([
      { role: 'system', content: 'You are exact.' },
      { role: 'user', content: expect.stringMatching(/^Compute \d.*=\?$/) },
    ]);
  }
});

test('the summariser sees the question where the setting shows it, and only there', async () => {
  const { files } = await perform('shown-question', small({ summaryShowsQuestion: true }, { iterations: 0 }));
  const summaries = async (from: RunFiles) =>
    turnsIn(await from.transcripts(0, 'eval'), 2).map(({ summary }) => summary!.messages[0]!.content);
  expect((await summaries(files)).every((text) => text.includes('=?\nList:\n'))).toBe(true);
  expect((await summaries(await filesOf('debate'))).some((text) => text.includes('=?'))).toBe(false);
});

test('majority finetuning may be evaluated by a debate of its one model', async () => {
  const method = { preset: 'majority-finetuning', evaluateBy: 'debate' };
  const { files } = await perform('majority-debating', small(method, { evaluation: { rounds: 2 } }));
  expect((await files.trainingSet(1, 'shared')).every(({ round }) => round === 1)).toBe(true);
  const society = (await files.evaluation(1)).modes.find(({ mode }) => mode === 'society');
  expect(society).toMatchObject({ callsPerProblem: 9 });
});

describe('a mixed society', () => {
  const bases = [{ base: 'fake-a' }, { base: 'fake-b' }, { base: 'fake-c' }];

  test('debates with a base per member, trains each agent from its own, and has model.base summarise', async () => {
    world.inference.served = [fakeBaseModel, ...bases.map(({ base }) => base)];
    const model = { base: fakeBaseModel, members: bases };
    const { files } = await perform('mixed', small({}, { model, iterations: 2 }));
    const untuned = await files.society(0);
    expect(untuned.summariser).toBe(fakeBaseModel);
    expect(Object.values(untuned.agents).map((agent) => agent.model)).toEqual([
      ...['fake-a', 'fake-b', 'fake-c'],
      ...['fake-a', 'fake-b', 'fake-c'],
    ]);
    const requests = world.trainer.requests.filter(({ runId }) => runId === 'mixed');
    for (const { agent, base } of requests) expect(base.base).toBe(bases[Number(agent.at(-1)) - 1]!.base);
    expect(requests).toHaveLength(12);
  });

  test('is refused where a base is not served', async () => {
    const refused = perform('mixed-unserved', small({}, { model: { base: fakeBaseModel, members: bases } }));
    await expect(refused).rejects.toMatchObject({
      cause: { type: 'InvalidRunSpec', message: expect.stringContaining('"fake-a" is not served') },
    });
  });
});

test('a role may be trained with settings of its own', async () => {
  const finetuning = { learningRate: 1e-4, critic: { learningRate: 1e-5, epochs: 1 } };
  await perform('roles', small({}, { finetuning }));
  for (const { agent, settings } of world.trainer.requests.filter(({ runId }) => runId === 'roles')) {
    const { learningRate, epochs } = settings;
    expect([learningRate, epochs]).toEqual(agent.startsWith('critic-') ? [1e-5, 1] : [1e-4, 2]);
  }
});

test('training sets may be cut to one size, so that methods are compared at equal training data', async () => {
  const { files } = await perform('matched', small({}, { finetuning: { matchTrajectories: 2 } }));
  const { agents: accounts } = await files.selection(1);
  expect(accounts.every(({ examples }) => examples <= 2)).toBe(true);
  expect(accounts.some(({ outcomes }) => (outcomes['not-sampled'] ?? 0) > 0)).toBe(true);
});

test('presets are data: a preset and its settings written out are the same run', () => {
  const task = { kind: 'arithmetic' };
  const model = { base: fakeBaseModel };
  const byName = resolveSpecification({ task, model, method: 'without-critics' }).specification.method;
  const byHand = resolveSpecification({ task, model, method: { critics: 'generation' } }).specification.method;
  expect({ ...byName, preset: '' }).toEqual({ ...byHand, preset: '' });
});
