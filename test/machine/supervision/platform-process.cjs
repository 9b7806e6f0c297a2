/**
 * A process that runs a platform as `maft up` does, with the real Temporal server under its real guard and two small
 * programs in place of model server and worker. Settings come as JSON in argv; every event is a JSON line on stdout.
 * Plain JavaScript over the compiled program: it must be a process of its own, because it gets killed.
 */
const { startPlatform } = require('../../../dist/src/machine/supervision/platform');
const { loadConfig } = require('../../../dist/src/machine/config');

const settings = JSON.parse(process.argv[2]);
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const obedient = `
  console.log(JSON.stringify({ event: 'ready' }));
  process.on('SIGTERM', () => process.exit(0));
  process.stdin.on('end', () => process.exit(0)).resume();
  setInterval(() => undefined, 1000);`;
const standIn = (program) => ({
  ...program,
  command: process.execPath,
  arguments: ['-e', `/* ${program.name} ${settings.maftHome} */ ${obedient}`],
  marker: `${program.name} ${settings.maftHome}`,
  probe: undefined,
});

async function host() {
  const leave = new AbortController();
  const platform = await startPlatform({
    command: 'up',
    config: { ...loadConfig({ MAFT_HOME: settings.maftHome }), ports: settings.ports ?? {} },
    model: { folder: settings.maftHome, name: 'stand-in' },
    programs: { python: process.execPath, temporal: settings.temporal },
    replace: { 'model-server': standIn, worker: standIn, ...(settings.standInTemporal ? { temporal: standIn } : {}) },
    backoffMs: [50],
    onEvent: tell,
    signal: leave.signal,
  });
  const stop = () => platform.stop().then(() => tell({ process: 'host', state: 'stopped' }));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const { temporalAddress, uiUrl, modelServerUrl } = platform;
  tell({ process: 'host', state: 'ready', temporalAddress, uiUrl, modelServerUrl });
}

host().catch((error) => {
  tell({ process: 'host', state: 'failed', name: error.name, message: error.message });
});
