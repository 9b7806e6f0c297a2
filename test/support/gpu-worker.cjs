/**
 * A worker of the GPU queue as `maft worker --queue gpu` is one, over stand-ins of GPUs and trainers: real Temporal worker,
 * real pool, real supervision of trainers. Its own process over the compiled program, for it gets killed.
 */
const { Context } = require('@temporalio/activity');
const { DefaultLogger, NativeConnection, Runtime } = require('@temporalio/worker');
const { withHeartbeats } = require('../../dist/activities/heartbeats');
const { GpuPool } = require('../../dist/src/machine/gpus');
const { JobRunner } = require('../../dist/src/providers/job-runner');
const { serveActivities } = require('../../dist/src/worker');
const { join } = require('node:path');

const { address, namespace, folder, gpus } = JSON.parse(process.argv[2]);
const runner = new JobRunner({
  python: join(__dirname, 'fake-cuda-trainer.cjs'),
  pythonPath: __dirname,
  device: 'cuda',
  killGraceMs: 5_000,
  gpus: new GpuPool(gpus, join(folder, 'locks')),
});

/** The agent's number stands for all that a job is. */
async function finetuneAgent({ agent }) {
  const number = Number(agent);
  const places = { base: folder, startFrom: folder, trainingSet: join(folder, `${number}.jsonl`) };
  const work = { workDirectory: join(folder, `work-${number}`), outputDirectory: join(folder, `output-${number}`) };
  const job = { jobId: String(number).padStart(16, '0'), ...places, ...work, seed: number, device: 'cuda' };
  const signal = Context.current().cancellationSignal;
  await withHeartbeats(() => runner.train(job, { signal, onEvent: () => undefined }));
  return { agent, model: `model-${number}`, outcome: 'trained', examples: 1, tokens: 1, seconds: 1, loss: 0 };
}

async function serve() {
  // Attempts that fail are what the test is about.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const settings = { connection, namespace, roles: ['gpu'], turnSlots: 1, trainingSlots: gpus.length };
  const { finished } = await serveActivities(settings, { finetuneAgent });
  process.stdout.write('ready\n');
  await finished;
}

serve().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
