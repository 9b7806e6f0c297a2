import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { trainingJobSchema, type TrainingEvent, type TrainingJob } from '../../src/contract/training-job';
import { ConfigError, TrainerError } from '../../src/errors';
import { demoModelDirectory } from '../../src/machine/paths';
import { JobRunner } from '../../src/providers/job-runner';

const root = resolve(__dirname, '../..');
const pythonPath = join(root, 'python');
const python = process.env.MAFT_PYTHON ?? join(root, '.venv/bin/python');
const base = demoModelDirectory();
const never = new AbortController().signal;

let folder: string;
// One for all tests: each template pays a cold start of torch. The last test closes it.
let trainer: JobRunner;
let jobs = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maft-trainer-'));
  trainer = new JobRunner({ python, pythonPath, device: 'cpu', killGraceMs: 30_000 });
});
afterAll(async () => {
  await trainer.close();
  rmSync(folder, { recursive: true, force: true });
});

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** A job with folders of its own; 5,000 epochs never end by themselves. */
function makeJob(changes: Partial<TrainingJob> = {}): TrainingJob {
  jobs += 1;
  const work = join(folder, `job-${jobs}`);
  mkdirSync(work);
  const lines = Array.from({ length: 20 }, (_, index) => ({
    problemId: `arithmetic-${index}`,
    iteration: 1,
    agent: 'generation-1',
    member: 1,
    round: 1,
    set: 'generation',
    messages: [{ role: 'user', content: `${index}+2*7+5-4*9=?` }],
    completion: '2*7=14 #-14',
    weight: 1,
  }));
  const trainingSet = join(work, 'generation-1.jsonl');
  writeFileSync(trainingSet, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return {
    jobId: `${jobs}`.padStart(16, '0'),
    base,
    servedBase: 'base',
    startFrom: base,
    trainingSet,
    workDirectory: join(work, 'work'),
    outputDirectory: join(work, 'output'),
    leaveOutSpelledTokens: false,
    weights: 'full',
    epochs: 2,
    learningRate: 1e-3,
    batchSize: 8,
    maxLength: 128,
    schedule: 'linear',
    warmupShare: 0,
    weightDecay: 0,
    seed: 1,
    checkpointEverySeconds: 1000,
    device: 'cpu',
    threads: 1,
    ...changes,
  };
}

const endless = { epochs: 5_000 };

/** Starts a training and resolves at its second step (a checkpoint, if asked for, is whole by then) with the process id it reported. */
function untilSecondStep(
  job: TrainingJob,
  signal: AbortSignal = never,
  by = trainer,
  afterCheckpoint = false,
): { ended: Promise<unknown>; stepped: Promise<number> } {
  let report: (pid: number) => void = () => undefined;
  const stepped = new Promise<number>((resolve) => (report = resolve));
  let pid = 0;
  let isCheckpointed = !afterCheckpoint;
  const ended = by.train(job, {
    signal,
    onEvent: (event) => {
      if (event.event === 'started') pid = event.pid;
      isCheckpointed ||= event.event === 'checkpoint';
      if (event.event === 'step' && event.step >= 2 && isCheckpointed) report(pid);
    },
  });
  ended.catch(() => undefined);
  return { ended, stepped };
}

/** Whether a process runs (one that is dead and only not yet reaped does not). */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function checkpoints(job: TrainingJob): string[] {
  return readdirSync(job.workDirectory).filter((name) => name.startsWith('checkpoint-'));
}

async function failureOf(promise: Promise<unknown>): Promise<TrainerError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TrainerError);
  return error as TrainerError;
}

test('the shared fixture is a job in TypeScript as it is in Python', () => {
  const record: unknown = JSON.parse(readFileSync(join(root, 'test/fixtures/training-job.json'), 'utf8'));
  expect(trainingJobSchema.parse(record)).toEqual(record);
});

test('a training resolves with its record, and its events come in order', async () => {
  const job = makeJob();
  const events: TrainingEvent[] = [];
  const finished = await trainer.train(job, { signal: never, onEvent: (event) => events.push(event) });
  expect(events.map((event) => event.event)).toEqual(['started', ...Array<string>(6).fill('step'), 'finished']);
  expect(finished).toMatchObject({
    steps: 6,
    examples: 20,
    device: 'cpu',
    precision: 'fp32',
    peakGpuMemoryBytes: null,
  });
  expect(finished.lossCurve).toHaveLength(6);
  expect(finished.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(readdirSync(job.outputDirectory)).toEqual(expect.arrayContaining(['model.safetensors', 'tokenizer.json']));
  expect(readdirSync(job.workDirectory)).toEqual([]);
});

test('a job for a GPU has a process of its own, which says so where there is none', async () => {
  const training = trainer.train(makeJob({ device: 'cuda' }), { signal: never, onEvent: () => undefined });
  const outcome = await training.catch((error: unknown) => error);
  if (outcome instanceof TrainerError) expect(outcome.message).toContain('torch sees no CUDA device');
  else expect(outcome).toMatchObject({ steps: 6, device: expect.stringContaining('cuda') as string });
});

test('examples that the tokenizer finds too long are left out and counted', async () => {
  const finished = await trainer.train(makeJob({ maxLength: 28 }), { signal: never, onEvent: () => undefined });
  expect(finished).toMatchObject({ examples: 10, tooLong: 10 });
});

test('a bad job is refused for good, in the words of the trainer', async () => {
  const job = makeJob({ maxLength: 5 });
  const error = await failureOf(trainer.train(job, { signal: never, onEvent: () => undefined }));
  expect(error.message).toMatch(
    /^Trainer exited with code 2 for job 0+\d+ \(generation-1\.jsonl\): The example of problem arithmetic-0, .* maxLength is 5\.$/,
  );
  expect(error).toMatchObject({ exitCode: 2, retryable: false });
  expect(error.stderrTail).toContain('maxLength is 5');
});

test('a job is checked without its weights, and refused as the training would refuse it', async () => {
  const bare = join(folder, 'bare');
  cpSync(base, bare, { recursive: true });
  await trainer.check(makeJob(), never);
  writeFileSync(join(bare, 'chat_template.jinja'), '{% for m in messages %}{{ m.content }}{% endfor %}');
  const refused = await failureOf(trainer.check(makeJob({ base: bare }), never));
  expect(refused).toMatchObject({ exitCode: 2, retryable: false });
  expect(refused.message).toContain('No end-of-turn token follows an answer');
  const job = makeJob({ maxLength: 5 });
  expect((await failureOf(trainer.check(job, never))).message).toContain('maxLength is 5');
  expect(existsSync(job.outputDirectory)).toBe(false);
  expect(readdirSync(job.workDirectory)).toEqual([]);
});

test('on abort the trainer checkpoints and is gone before the promise rejects', async () => {
  const job = makeJob(endless);
  const controller = new AbortController();
  const { ended, stepped } = untilSecondStep(job, controller.signal);
  const pid = await stepped;
  const reason = new Error('the run was cancelled');
  controller.abort(reason);
  await expect(ended).rejects.toBe(reason);
  expect(runs(pid)).toBe(false);
  expect(checkpoints(job)).toHaveLength(1);
});

test('an abort before the start starts nothing', async () => {
  const job = makeJob();
  await expect(trainer.train(job, { signal: AbortSignal.abort(), onEvent: () => undefined })).rejects.toThrow(
    'aborted',
  );
  expect(existsSync(job.workDirectory)).toBe(false);
});

test('a killed child rejects its own job as retryable, and the retry resumes', async () => {
  const job = makeJob({ epochs: 4, checkpointEverySeconds: 0 });
  const other = trainer.train(makeJob({ epochs: 20 }), { signal: never, onEvent: () => undefined });
  const { ended, stepped } = untilSecondStep(job);
  process.kill(await stepped, 'SIGKILL');
  const error = await failureOf(ended);
  expect(error).toMatchObject({ exitCode: null, retryable: true });
  expect(error.message).toContain('was killed by SIGKILL');
  const events: TrainingEvent[] = [];
  await trainer.train(job, { signal: never, onEvent: (event) => events.push(event) });
  expect(events[0]?.event === 'started' && events[0].resumedFromStep).toBeGreaterThan(0);
  expect((await other).steps).toBe(60);
});

test('a killed template rejects its jobs as retryable, leaves nobody behind, and is replaced', async () => {
  const { ended, stepped } = untilSecondStep(makeJob(endless));
  const pid = await stepped;
  process.kill(parentOf(pid), 'SIGKILL');
  expect(await failureOf(ended)).toMatchObject({ exitCode: null, retryable: true });
  expect(runs(pid)).toBe(false);
  const finished = await trainer.train(makeJob(), { signal: never, onEvent: () => undefined });
  expect(finished.steps).toBe(6);
});

describe('a trainer that lives and does nothing', () => {
  const limits = { timesSlowestStep: 5, leastMs: 3_000, quietMs: 60_000 };
  let watched: JobRunner;
  beforeAll(() => {
    watched = new JobRunner({ python, pythonPath, device: 'cpu', killGraceMs: 1_000, stallLimits: limits });
  });
  afterAll(() => watched.close());

  test('does not heed SIGTERM either, and is killed after the grace', async () => {
    const controller = new AbortController();
    const { ended, stepped } = untilSecondStep(makeJob(endless), controller.signal, watched);
    const pid = await stepped;
    process.kill(pid, 'SIGSTOP');
    controller.abort();
    await expect(ended).rejects.toBe(controller.signal.reason);
    expect(runs(pid)).toBe(false);
  });

  test.each([
    ['stopped itself', (pid: number) => pid],
    ['whose template is stopped', parentOf],
  ])('%s: is killed, and the retry goes on from its checkpoint', async (_, whom) => {
    // Between checkpoints, of which writing one has no pace.
    const job = makeJob({ ...endless, checkpointEverySeconds: 1 });
    const { ended, stepped } = untilSecondStep(job, never, watched, true);
    const pid = await stepped;
    process.kill(whom(pid), 'SIGSTOP');
    const error = await failureOf(ended);
    expect(error).toMatchObject({ exitCode: null, retryable: true });
    expect(error.message).toMatch(
      /^Trainer did nothing for [\d.]+ s, its slowest step took [\d.]+ s for job .*: it was killed, and the job goes on at/,
    );
    // What a process held is closed a moment before it is gone.
    while (runs(pid)) await sleep(20);
    const events: TrainingEvent[] = [];
    const controller = new AbortController();
    const enough = new Error('it steps again');
    const again = watched.train(job, {
      signal: controller.signal,
      onEvent: (event) => {
        events.push(event);
        if (event.event === 'step') controller.abort(enough);
      },
    });
    await expect(again).rejects.toBe(enough);
    expect(events[0]).toMatchObject({ event: 'started' });
    expect((events[0] as { resumedFromStep: number }).resumedFromStep).toBeGreaterThan(0);
  });
});

test('a listener that throws ends the training with its own error', async () => {
  const bug = new Error('a bug in the listener');
  let pid = 0;
  const onEvent = (event: TrainingEvent) => {
    if (event.event === 'started') pid = event.pid;
    if (event.event === 'step') throw bug;
  };
  await expect(trainer.train(makeJob(endless), { signal: never, onEvent })).rejects.toBe(bug);
  expect(runs(pid)).toBe(false);
});

test('an interpreter that is none is a matter of configuration', async () => {
  const none = new JobRunner({ python: '/no/such/python', pythonPath, device: 'cpu', killGraceMs: 1000 });
  await expect(none.warmUp()).rejects.toThrow(ConfigError);
  await expect(none.train(makeJob(), { signal: never, onEvent: () => undefined })).rejects.toThrow(ConfigError);
  await expect(none.train(makeJob({ device: 'cuda' }), { signal: never, onEvent: () => undefined })).rejects.toThrow(
    '/no/such/python',
  );
});

test('a Python without maft is reported with its last words and not retried', async () => {
  const empty = new JobRunner({ python, pythonPath: folder, device: 'cpu', killGraceMs: 1000 });
  const error = await failureOf(empty.train(makeJob(), { signal: never, onEvent: () => undefined }));
  expect(error).toMatchObject({ exitCode: 1, retryable: false });
  expect(error.message).toContain('maft');
});

test('closing ends what is being trained, as an interruption', async () => {
  const { ended, stepped } = untilSecondStep(makeJob(endless));
  const pid = await stepped;
  await trainer.close();
  expect(await failureOf(ended)).toMatchObject({ exitCode: 5, retryable: true });
  expect(runs(pid)).toBe(false);
});
