/**
 * `kill -9` of one process or of all, and Ctrl-C: the run goes on where it was, asks nothing twice, and ends with the same
 * files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ShardOutcome } from '../../src/contract/run';
import { iterationKeys } from '../../src/domain/keys';
import { flipByte, Home, kill, until } from '../support/e2e';
import { completionFiles, contentOf, specification, referenceRun } from '../support/e2e-runs';
import { HomeWorkflows } from '../support/e2e-workflows';

/** A training that was caught between two checkpoints. */
interface OpenTraining {
  jobId: string;
  /** Newest complete checkpoint. */
  step: number;
}

// Each test goes on where the one before has left the run.
// Every step waits for real processes; only one that hangs takes this long.
jest.setTimeout(900_000);

const home = new Home('killed');
const completions = (part = '') =>
  Object.keys(completionFiles(home, 'small')).filter((file) => file.includes(part)).length;
const kept: Record<string, string>[] = [];
let openTrainings: OpenTraining[] = [];
let lost = 0;
const workflows = new HomeWorkflows(home);
afterAll(async () => {
  await workflows.close();
  await home.destroy();
});

it('Ctrl-C while the servers are starting is no bug: exit code 1, one sentence, no process', async () => {
  const run = home.start(['run', home.write('small.json', specification)]);
  await until('the model server is starting', () => home.processesOf('maft.serve').length > 0);
  run.signal('SIGINT');
  const { code, stderr } = await run.finished;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^maft: interrupted; nothing is left running/m);
  expect(home.processes()).toEqual([]);
});

it('Ctrl-C ends `maft run` with a cancelled run, exit code 1, a sentence on how to go on, and no process', async () => {
  const run = home.start(['run', home.write('small.json', specification)]);
  await until('the untuned society is being evaluated', () => completions('iteration-0/turns/eval') >= 5);
  run.signal('SIGINT');
  const { code, stdout, stderr } = await run.finished;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('maft: maft/small was cancelled; start it again to go on');
  expect(home.processes()).toEqual([]);
});

it('the same command goes on with the cancelled run and says so', async () => {
  kept.push(completionFiles(home, 'small'));
  await home.up();
  const { code, stderr } = await home.run(['run', 'small.json', '--detach']);
  expect(stderr).toMatch(/going on with the unfinished run small on the running maft up/);
  expect(code).toBe(0);
});

it.each([
  ['the model server', 'maft.serve', 1],
  ['the Temporal server', 'temporal server start-dev', 8],
  ['the worker', 'main.js worker', 16],
])('kill -9 of %s while it debates: `maft up` starts it again', async (_, program, atLeast) => {
  await until('the training problems are being debated', () => completions('iteration-1/turns/train') >= atLeast);
  const [victim, ...others] = home.processesOf(program).filter(({ commandLine }) => !commandLine.includes('guard.js'));
  expect(others).toEqual([]);
  kill(victim!.pid);
  await until('another one runs', () => home.processesOf(program).some(({ pid }) => pid !== victim!.pid));
});

it('kill -9 of everything while it debates: the next `maft up` goes on by itself and asks no completed turn again', async () => {
  await until('the training problems are being debated', () => completions('iteration-1/turns/train') >= 24);
  for (const { pid } of home.processesOf('maft.serve')) kill(pid, 'SIGSTOP');
  await until('calls wait for their answer', () => callsUnderWay(home, 'small') > 0);
  expectWholePlatform(home.killEverything());
  kept.push(completionFiles(home, 'small'));
  lost = completions();
  expect(home.files('runs/small/iteration-1/training-sets')).toEqual([]);

  await home.up();
  await until('a training has a checkpoint', () => trainingsOf(home).length > 0);
  expect(await home.completionsServed()).toBe(completions() - lost);
});

it('kill -9 of everything while it trains: the next `maft up` goes on by itself, from the newest checkpoints', async () => {
  expectWholePlatform(home.killEverything());
  openTrainings = trainingsOf(home);
  expect(openTrainings).not.toEqual([]);
  kept.push(completionFiles(home, 'small'));
  lost = completions();

  await home.up();
  expect(await workflows.perform('small', 'result')).toContain('COMPLETED');
  expect(await home.completionsServed()).toBe(completions() - lost);
  for (const { jobId, step } of openTrainings) expect(resumedFromStep(home, jobId)).toBeGreaterThanOrEqual(step);
});

it('ends with the same turns, transcripts, training sets and weights as the undisturbed run, byte for byte', async () => {
  expect(contentOf(home, 'small')).toEqual(contentOf((await referenceRun()).home, 'small'));
});

it('calls that were in flight when all was killed are in the books as lost', () => {
  const files = home.files('runs/small').filter((file) => file.includes('/shards/'));
  const outcomes = files.map((file) => JSON.parse(readFileSync(home.path('runs/small', file), 'utf8')) as ShardOutcome);
  const lost = outcomes.reduce((sum, outcome) => sum + (outcome.lost?.calls ?? 0), 0);
  expect(lost).toBeGreaterThan(0);
  expect(readFileSync(home.path('runs/small/report.html'), 'utf8')).toContain('Calls whose answer was not kept');
});

it('`describe` shows stage, iteration, task and accuracy as search attributes', async () => {
  const description = await workflows.perform('small', 'describe');
  for (const attribute of ['MaftStage', 'MaftIteration', 'MaftTask', 'MaftAccuracy'])
    expect(description).toContain(attribute);
});

it('has written no turn a second time, and keeps no training in progress', () => {
  const now = completionFiles(home, 'small');
  for (const before of kept) expect(now).toMatchObject(before);
  expect(home.files('.work')).toEqual([]);
});

it('weights of which one bit has changed since they were published pause a run that needs them, with file and cure', async () => {
  const [model] = home.files('models').filter((file) => /\.i1\.critic-1\..*model\.safetensors$/.test(file));
  flipByte(home.path('models', model!));
  // A version is checked when it is loaded: the server that has it in memory answers on.
  const [server] = home.processesOf('maft.serve');
  kill(server!.pid);
  await until('another one runs', () => home.processesOf('maft.serve').some(({ pid }) => pid !== server!.pid));
  const request = { society: 'small@1', evaluation: { votes: { at: 'never' }, measures: [] } };
  await workflows.start('changed', 'evaluateSociety', '--input', JSON.stringify(request));
  await until('it is paused', async () => (await workflows.progress('changed')).paused);
  const { pauseReason } = await workflows.progress('changed');
  expect(pauseReason).toMatch(
    /SHA-256 of model\.safetensors should be .* Restore the folder from a copy; or remove it/,
  );
  expect(await workflows.stateOf('changed')).toMatchObject({ state: 'paused', reason: pauseReason });
  await until('the UI can find it', async () => {
    const listed = await home.temporal('workflow', 'list', '--query', 'MaftPaused = true');
    await new Promise((resolve) => setTimeout(resolve, 500));
    return listed.includes('maft/changed') && !listed.includes('maft/small');
  });
  await workflows.perform('changed', 'cancel');
  await workflows.failureOf('changed');
  expect(await workflows.stateOf('changed')).toMatchObject({ state: 'cancelled', finished: false });
});

it('a finished run stays as it is: the next `maft run` of the specification is a new one', async () => {
  const started = await home.run(['run', 'small.json', '--detach']);
  expect(started.stderr).toMatch(/new run small-2 on the running maft up/);
  await until('it works', () => home.files('runs/small-2').some((file) => file.includes('/turns/')));
});

it('kill -9 of `maft up` alone takes every process with it within 15 s', async () => {
  const [up] = home.processesOf('main.js up');
  process.kill(up!.pid, 'SIGKILL');
  await until('no process is left', () => home.processes().length === 0, 15);
});

/** Everything was there to be killed: supervisor, guard, Temporal, model server, worker and the trainer's template. */
function expectWholePlatform(found: { commandLine: string }[]): void {
  const programs = ['main.js up', 'guard.js', 'start-dev', 'maft.serve', 'main.js worker'];
  for (const program of programs) expect(found.some(({ commandLine }) => commandLine.includes(program))).toBe(true);
}

/** Completions that were asked for and are not stored. */
function callsUnderWay(home: Home, runId: string): number {
  const files = home.files(`runs/${runId}`);
  const stored = new Set(files);
  const noted = files.flatMap((file) => iterationKeys.notedCompletion(file) ?? []);
  return noted.filter((completion) => !stored.has(completion)).length;
}

/** Trainings with at least one complete checkpoint and no result yet. */
function trainingsOf(home: Home): OpenTraining[] {
  const complete = home.files('.work/training').map((file) => /^([0-9a-f]+)\/checkpoint-(\d+)\/COMPLETE$/.exec(file));
  const steps = new Map<string, number>();
  for (const match of complete) {
    if (match !== null) steps.set(match[1]!, Math.max(steps.get(match[1]!) ?? 0, Number(match[2])));
  }
  return [...steps].map(([jobId, step]) => ({ jobId, step }));
}

/** Where the attempt that finished a training began, from the record beside its model. */
function resumedFromStep(home: Home, jobId: string): number {
  const records = readdirSync(home.path('models')).map((model) =>
    readFileSync(home.path('models', model, 'maft-training.json'), 'utf8'),
  );
  const parsed = records.map((record) => JSON.parse(record) as { jobId: string; started: { resumedFromStep: number } });
  return parsed.find((record) => record.jobId === jobId)?.started.resumedFromStep ?? -1;
}
