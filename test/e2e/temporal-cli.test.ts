/** Runs by nothing but `maft up` and Temporal's own command line. */
import { Home, flipByte, until } from '../support/e2e';
import { specification, turnFiles } from '../support/e2e-runs';
import { HomeWorkflows } from '../support/e2e-workflows';

// Each test goes on where the one before has left the platform.
// Every step waits for real processes; only one that hangs takes this long.
jest.setTimeout(900_000);

const home = new Home('temporal-cli');
const workflows = new HomeWorkflows(home);
beforeAll(() => home.up());
afterAll(async () => {
  await workflows.close();
  await home.destroy();
});

const start = (id: string, ...input: string[]) => workflows.start(id, 'multiagentFinetuning', ...input);
const turns = (id: string) => Object.keys(turnFiles(home, id)).length;

it.each([
  [
    'a specification with bad fields',
    ['--input', JSON.stringify({ ...specification, method: { correctedShare: 2 }, itterations: 3 })],
    ['correctedShare', 'itterations'],
  ],
  ['two arguments', ['--input', JSON.stringify(specification), '--input', '{}'], ['one JSON object']],
])('%s fails at once with InvalidRunSpec that names it', async (kind, input, named) => {
  const id = kind.replaceAll(' ', '-');
  await start(id, ...input);
  const failure = await workflows.failureOf(id);
  for (const words of ['InvalidRunSpec', ...named]) expect(failure).toContain(words);
});

it('a run starts from an input file and answers the query `progress`', async () => {
  // One problem after the other, so that it is caught in the middle twice.
  const execution = { ...specification.execution, shardSize: 10, problemsInFlight: 1 };
  await start('untuned', '--input-file', home.write('untuned.json', { ...specification, iterations: 0, execution }));
  await until('the untuned society is being evaluated', () => turns('untuned') > 0);
  const answer = await workflows.perform('untuned', 'query', '--name', 'progress', '--output', 'json');
  expect((JSON.parse(answer) as { queryResult: [unknown] }).queryResult[0]).toMatchObject({
    runId: 'untuned',
    stage: 'evaluate',
    iteration: 0,
    iterations: 0,
    paused: false,
  });
});

it('`pause` lets calls in flight end and starts nothing new, until `resume`', async () => {
  await pauseUntilStill();
  const before = turns('untuned');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(turns('untuned')).toBe(before);
  await workflows.signal('untuned', 'resume');
  await until('it goes on', () => turns('untuned') > before);
});

it('a corrupt turn file is named and never used', async () => {
  await pauseUntilStill();
  const [turn] = Object.keys(turnFiles(home, 'untuned'));
  flipByte(home.path('runs/untuned', turn!));
  await workflows.signal('untuned', 'resume');
  const failure = await workflows.failureOf('untuned');
  expect(failure).toContain(`runs/untuned/${turn}: is corrupt`);
  expect(await workflows.stateOf('untuned')).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('is corrupt') as string,
  });
  expect(home.files('runs/untuned/iteration-0')).not.toContain('evaluation.json');
});

it('`cancel` while it trains ends the trainings and the turns', async () => {
  const long = {
    ...specification,
    task: { ...specification.task, eval: 2 },
    finetuning: { ...specification.finetuning, epochs: 5_000 },
  };
  await start('cancelled', '--input', JSON.stringify(long));
  await until('it trains', () => home.files('.work/training').some((file) => file.endsWith('COMPLETE')));
  await workflows.perform('cancelled', 'cancel');
  expect(await workflows.failureOf('cancelled')).toMatch(/cancel/i);
  // The template stays, for the next run; a training is a fork of it.
  await until('no training is left', () => home.processesOf('maft.train').length <= 1, 15);
  const list = ['workflow', 'list', '--query', "ExecutionStatus = 'Running'"];
  await until('no workflow of it is open', async () => !(await home.temporal(...list)).includes('cancelled'));
});

it('an evaluated society answers as a model of the OpenAI API, over the server that runs', async () => {
  const serve = home.start(['serve', 'cancelled@0', '--port', '0', '--mode', 'vote']);
  await until('it serves', () => serve.stdout.includes('Ready.'));
  const url = /http:\S+\/v1/.exec(serve.stdout)![0];
  const asked = { model: 'cancelled@0', messages: [{ role: 'user', content: '3+2*7+5-4*9' }] };
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(asked) });
  const { code, stdout } = await home.run(['ask', 'cancelled@0', '3+2*7+5-4*9=?', '--way', 'vote', '--json']);
  const { answer, counts } = JSON.parse(stdout) as { answer: string; counts: { calls: number } };
  expect(await response.json()).toMatchObject({ maft: { mode: 'vote', answer, calls: counts.calls } });
  serve.signal('SIGINT');
  expect([code, (await serve.finished).code]).toEqual([0, 0]);
  expect(home.processesOf('maft.serve')).toHaveLength(1);
});

async function pauseUntilStill(): Promise<void> {
  await workflows.signal('untuned', 'pause');
  await until('it is paused', async () => (await workflows.progress('untuned')).paused);
  let before = -1;
  await until('calls in flight have ended', async () => {
    const unchanged = turns('untuned') === before;
    before = turns('untuned');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return unchanged;
  });
}
