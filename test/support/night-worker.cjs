/**
 * A worker over the sources, with doubles only where a model or a trainer would be, in its own process, for it gets killed.
 * Societies get better by being trained: of ten held-out questions the base answers two, its first successor eight, all
 * later ones ten. While the file `slow` lies in its folder, a training question takes as many milliseconds as it says.
 */
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { transformFileSync } = require('@swc/core');

const swc = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};
require.extensions['.ts'] = (loaded, file) => loaded._compile(transformFileSync(file, swc).code, file);

const { DefaultLogger, NativeConnection, Runtime } = require('@temporalio/worker');
const { createActivities } = require('../../activities');
const { allRoles, serveActivities } = require('../../src/worker');
const { modelKey } = require('../../src/domain/keys');
const { fakeWorld } = require('./fake-ports');
const { sourceBundle } = require('./source-bundle');

const { address, namespace, folder } = JSON.parse(process.argv[2]);
const rightOfTen = [2, 8, 10];
/** Training questions ask for larger numbers than held-out ones. */
const firstTrainingNumber = 1000;

const world = fakeWorld(folder);
const generationFile = (model) => join(folder, modelKey(model), 'generation.txt');
const generationOf = (model) => (existsSync(generationFile(model)) ? Number(readFileSync(generationFile(model))) : 0);

const train = world.trainer.train.bind(world.trainer);
world.trainer.train = async (request) => {
  const trained = await train(request);
  writeFileSync(generationFile(trained.model), String(generationOf(request.start) + 1));
  return trained;
};

const numberAsked = ({ messages }) => Number(/What is (\d+) plus/.exec(messages.at(-1).content)?.[1] ?? 0);
world.inference.says = (request) => {
  const number = numberAsked(request);
  const isRight = number % 10 < rightOfTen[Math.min(generationOf(request.model), 2)];
  return `So the answer is \\boxed{${number + (isRight ? 1 : 2)}}`;
};
const complete = world.inference.complete.bind(world.inference);
world.inference.complete = async (request, signal) => {
  const slow = join(folder, 'slow');
  const isSlow = numberAsked(request) >= firstTrainingNumber && existsSync(slow);
  if (isSlow) await new Promise((resolve) => setTimeout(resolve, Number(readFileSync(slow, 'utf8'))));
  return complete(request, signal);
};

async function serve() {
  // Attempts of a worker that was killed fail, and are meant to.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const settings = { connection, namespace, roles: allRoles, workflowBundle: sourceBundle() };
  const platform = { registeredSearchAttributes: async () => [] };
  const activities = createActivities({ ...world.dependencies, platform });
  const { finished } = await serveActivities({ ...settings, turnSlots: 20, trainingSlots: 2 }, activities);
  process.stdout.write('ready\n');
  await finished;
}

serve().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
