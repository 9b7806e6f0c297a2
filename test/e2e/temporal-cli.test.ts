/** The same job with nothing but `maft up` and Temporal's own command line, and what happens when one child dies. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import type { RunProgress } from '../../src/contract/run';
import { findRunningPlatform } from '../../src/machine/supervision/platform-state';
import { Home, kill, until } from '../support/e2e';
import { contentOf, specification, turnFiles, referenceRun } from '../support/e2e-runs';

// Each test goes on where the one before has left the platform.
// Every step waits for real processes; only one that hangs takes this long.
jest.setTimeout(900_000);

const home = new Home('temporal-cli');
afterAll(() => home.destroy());
beforeAll(() => home.up());

const workflow = (id: string, action: string, ...more: string[]) =>
  home.temporal('workflow', action, '--workflow-id', `maft/${id}`, ...more);
const start = (id: string, ...input: string[]) =>
  workflow(id, 'start', '--type', 'multiagentFinetuning', '--task-queue', 'maft', ...input);
const signal = (id: string, name: string) => workflow(id, 'signal', '--name', name);
const failureOf = async (id: string): Promise<string> => {
  const { code, stdout } = await home.tryTemporal([
    'workflow',
    'result',
    '--workflow-id',
    `maft/${id}`,
    '--output',
    'json',
  ]);
  expect(code).not.toBe(0);
  return stdout;
};
const turns = (id: string, part = '') => Object.keys(turnFiles(home, id)).filter((file) => file.includes(part)).length;
/** Asked again and again while something is waited for: a process of the Temporal CLI each time would cost a core. */
const progress = async (id: string): Promise<RunProgress> => {
  connection ??= await Connection.connect({ address: findRunningPlatform(home.folder)!.temporalAddress });
  return new Client({ connection }).workflow.getHandle(`maft/${id}`).query<RunProgress>('progress');
};
let connection: Connection | undefined;
afterAll(() => connection?.close());

/** The run's line of `maft runs`. */
const stateOf = async (id: string): Promise<unknown> => {
  const { stdout } = await home.run(['runs', '--json']);
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as { runId?: string }).find(({ runId }) => runId === id);
};

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
  const failure = await failureOf(id);
  for (const words of ['InvalidRunSpec', ...named]) expect(failure).toContain(words);
});

it('a run starts from an input file and answers the query `progress`', async () => {
  await start('small', '--input-file', home.write('small.json', specification));
  await until('the untuned society is being evaluated', () => turns('small') > 0);
  const answer = await workflow('small', 'query', '--name', 'progress', '--output', 'json');
  expect((JSON.parse(answer) as { queryResult: [RunProgress] }).queryResult[0]).toMatchObject({
    runId: 'small',
    stage: 'evaluate',
    iteration: 0,
    iterations: 1,
    paused: false,
  });
});

it('`pause` lets calls in flight end and starts nothing new, until `resume`', async () => {
  await signal('small', 'pause');
  await until('it is paused', async () => (await progress('small')).paused);
  let before = -1;
  await until('calls in flight have ended', async () => {
    const unchanged = turns('small') === before;
    before = turns('small');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return unchanged;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(turns('small')).toBe(before);
  await signal('small', 'resume');
  await until('it goes on', () => turns('small') > before);
});

it('`describe` shows stage, iteration, task and accuracy as search attributes', async () => {
  await until('the first evaluation is done', () => home.files('runs/small/iteration-0').includes('evaluation.json'));
  await until('the accuracy is there', async () => (await workflow('small', 'describe')).includes('MaftAccuracy'));
  const description = await workflow('small', 'describe');
  for (const attribute of ['MaftStage', 'MaftIteration', 'MaftTask']) expect(description).toContain(attribute);
});

it.each([
  ['the model server', 'maft.serve', 'iteration-1/turns/train', 1],
  ['the Temporal server', 'temporal server start-dev', 'iteration-1/turns/train', 20],
  ['the worker', 'main.js worker', 'iteration-1/turns/train', 40],
])('kill -9 of %s while it debates: `maft up` starts it again', async (_, program, part, atLeast) => {
  await until('the training problems are being debated', () => turns('small', part) >= atLeast);
  const victims = home.processesOf(program).filter(({ commandLine }) => !commandLine.includes('guard.js'));
  expect(victims).toHaveLength(1);
  kill(victims[0]!.pid);
  await until('another one runs', () => home.processesOf(program).some(({ pid }) => pid !== victims[0]!.pid));
});

it('the run then ends by itself, with the same files as the undisturbed one, byte for byte', async () => {
  expect(await workflow('small', 'result')).toContain('COMPLETED');
  expect(contentOf(home, 'small')).toEqual(contentOf((await referenceRun()).home, 'small'));
});

it('weights of which one bit has changed since they were published pause a run that needs them, with file and cure', async () => {
  const [model] = home.files('models').filter((file) => /\.i1\.critic-1\..*model\.safetensors$/.test(file));
  flipByte(home.path('models', model!));
  // A version is checked when it is loaded: the server that has it in memory answers on.
  const [server] = home.processesOf('maft.serve');
  kill(server!.pid);
  await until('another one runs', () => home.processesOf('maft.serve').some(({ pid }) => pid !== server!.pid));
  const request = { society: 'small@1', evaluation: { votes: { at: 'never' }, measures: [] } };
  await workflow(
    'changed',
    'start',
    '--type',
    'evaluateSociety',
    '--task-queue',
    'maft',
    '--input',
    JSON.stringify(request),
  );
  await until('it is paused', async () => (await progress('changed')).paused);
  const { pauseReason } = await progress('changed');
  expect(pauseReason).toMatch(
    /SHA-256 of model\.safetensors should be .* Restore the folder from a copy; or remove it/,
  );
  expect(await stateOf('changed')).toMatchObject({ state: 'paused', reason: pauseReason });
  await until('the UI can find it', async () => {
    const listed = await home.temporal('workflow', 'list', '--query', 'MaftPaused = true');
    await new Promise((resolve) => setTimeout(resolve, 500));
    return listed.includes('maft/changed') && !listed.includes('maft/small');
  });
  await workflow('changed', 'cancel');
  await failureOf('changed');
  expect(await stateOf('changed')).toMatchObject({ state: 'cancelled', finished: false });
});

it('a corrupt turn file is named and never used', async () => {
  const execution = { ...specification.execution, shardSize: 10, problemsInFlight: 1 };
  await start('corrupt', '--input', JSON.stringify({ ...specification, iterations: 0, execution }));
  await until('a turn is stored', () => turns('corrupt') > 0);
  await signal('corrupt', 'pause');
  const [turn] = Object.keys(turnFiles(home, 'corrupt'));
  flipByte(home.path('runs/corrupt', turn!));
  await signal('corrupt', 'resume');
  const failure = await failureOf('corrupt');
  expect(failure).toContain(`runs/corrupt/${turn}: is corrupt`);
  expect(await stateOf('corrupt')).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('is corrupt') as string,
  });
  expect(home.files('runs/corrupt/iteration-0')).not.toContain('evaluation.json');
});

it('`cancel` while it trains ends the trainings and the turns', async () => {
  const long = {
    ...specification,
    task: { ...specification.task, eval: 2 },
    finetuning: { ...specification.finetuning, epochs: 5_000 },
  };
  await start('cancelled', '--input', JSON.stringify(long));
  await until('it trains', () => home.files('.work/training').some((file) => file.endsWith('COMPLETE')));
  await workflow('cancelled', 'cancel');
  expect(await failureOf('cancelled')).toMatch(/cancel/i);
  // The template stays, for the next run; a training is a fork of it.
  await until('no training is left', () => home.processesOf('maft.train').length <= 1, 15);
  const list = ['workflow', 'list', '--query', "ExecutionStatus = 'Running'"];
  await until('no workflow of it is open', async () => !(await home.temporal(...list)).includes('cancelled'));
});

/** Changes one letter in the middle of a file. */
function flipByte(file: string): void {
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 1;
  writeFileSync(file, bytes);
}
