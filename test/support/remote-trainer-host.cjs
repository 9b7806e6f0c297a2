/**
 * A training service in a process and a folder of its own: `LocalTrainer` behind HTTP. It is sent references and the bytes of
 * a training set, and answers events as JSON lines, the result last. Plain JavaScript over the compiled program.
 */
const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const { FileArtifactStore } = require('../../dist/src/artifacts/file-store');
const { pythonPackagesDirectory } = require('../../dist/src/machine/paths');
const { JobRunner } = require('../../dist/src/providers/job-runner');
const { LocalTrainer } = require('../../dist/src/providers/local-trainer');
const { findBaseModel } = require('../../dist/src/machine/setup/model-folder');

const [folder, python] = process.argv.slice(2);
const store = new FileArtifactStore(folder);
const pythonPath = pythonPackagesDirectory();
const runner = new JobRunner({ python, pythonPath, device: 'cpu', killGraceMs: 10_000 });
// Beside the start of the test's model servers.
runner.warmUp().catch(() => undefined);
const trainer = new LocalTrainer(runner, {
  folders: store,
  findBase: (base) => Promise.resolve(findBaseModel(base)),
  requireReadableModel: () => Promise.resolve(),
  device: 'cpu',
  threads: 1,
});

const methods = {
  check: ({ check }, { signal }) => trainer.check(check, signal),
  async train({ request, trainingSet }, options) {
    await store.publish(request.trainingSet.key, trainingSet);
    return trainer.train(request, options);
  },
  has: ({ model }) => trainer.has(model),
  release: ({ jobId }) => trainer.release(jobId),
};

const server = createServer(async (request, response) => {
  const leave = new AbortController();
  response.on('close', () => leave.abort());
  const tell = (line) => response.write(`${JSON.stringify(line)}\n`);
  try {
    const method = methods[request.url.slice(1)];
    const onEvent = (event) => tell({ event });
    tell({ result: await method(JSON.parse(await text(request)), { signal: leave.signal, onEvent }) });
  } catch (error) {
    const { message, exitCode = null, retryable = false } = error;
    tell({ error: { message, exitCode, retryable, stderrTail: '' } });
  }
  response.end();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

// The end of standard input says that the test is gone.
process.stdin.resume().on('end', () => {
  server.close();
  void runner.close().then(() => process.exit(0));
});
