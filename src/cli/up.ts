/** `maft up`: a Temporal server, the model server and a worker, kept alive until Ctrl-C. */
import type { Command } from 'commander';
import { loadConfig, type MachineConfig } from '../machine/config';
import { taskQueues, workflowTypes } from '../contract/names';
import { withEngine, type EngineOptions } from '../machine/engine';
import { requireVllm } from '../machine/supervision/vllm-server';
import { demoModelName, fetchTogether, findBaseModel, isOfHub, type BaseModel } from '../machine/setup/model-folder';
import { prepareMachine } from '../machine/setup/prepare-machine';
import { stderrListener } from '../machine/setup/progress';
import { visibleLine } from '../visible-text';
import { addEngineOptions, engineOptions } from './engine-options';
import { startPlatform, type Platform, type PlatformEvent } from '../machine/supervision/platform';

interface UpOptions extends EngineOptions {
  /** False with `--no-model`. */
  model: string | string[] | false;
}

export function register(program: Command): void {
  addEngineOptions(program.command('up'))
    .description(
      'start a Temporal server (unless TEMPORAL_ADDRESS names one), the model server and a worker; Ctrl-C stops them',
    )
    .option(
      '--model <bases...>',
      'folder or Hub name of the base model to serve; several for mixed societies',
      demoModelName,
    )
    .option('--no-model', 'no model server: every run names an endpoint of config.yaml')
    .addHelpText(
      'after',
      '\nExamples:\n  maft up\n  maft up --model Qwen/Qwen2.5-1.5B-Instruct     of the Hugging Face Hub, or a folder\n  maft up --engine vllm --model Qwen/Qwen2.5-1.5B-Instruct     vLLM serves, adapters only (docs/real-models.md)\n  MAFT_HOME=/data/maft maft up     state, logs and database there\n\nThe usual ports are 7233 (Temporal), 8233 (its UI) and 8237 (models); free ones are taken where they are not.\nWhat dies is started again; logs are in $MAFT_HOME/logs.',
    )
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const config = withEngine(loadConfig(), engineOptions(options));
  const names = options.model === false ? [] : [options.model].flat();
  for (const name of names) if (!isOfHub(name)) findBaseModel(name);
  if (config.engine === 'vllm' && names.length > 0) requireVllm(config, names);
  const listener = stderrListener();
  const { python, temporal } = await prepareMachine(config, listener);
  const programs = { python: python.program, temporal: temporal?.program };
  const model = await fetchTogether(names, { python: python.program, listener });
  const leave = new AbortController();
  const platform = whenSignalled(
    () => leave.abort(),
    startPlatform({ command: 'up', config, model, programs, onEvent: say, signal: leave.signal }),
  );
  const started = await platform.catch((error) => {
    if (leave.signal.aborted) return undefined;
    throw error;
  });
  if (started === undefined) return;
  process.stdout.write(`${welcome(started, config, model)}\n`);
  if (!leave.signal.aborted) await new Promise((resolve) => leave.signal.addEventListener('abort', resolve));
  await started.stop();
}

/** First signal: stop in order. Second: at once. */
async function whenSignalled(leave: () => void, starting: Promise<Platform>): Promise<Platform> {
  const started: { platform?: Platform } = {};
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals === 1) process.stdout.write('stopping: worker, model server, Temporal (once more: at once)\n');
    else started.platform?.kill();
    leave();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  started.platform = await starting;
  return started.platform;
}

/** One line per change; the start of a process alone is not reported. */
function say(event: PlatformEvent): void {
  const time = new Date().toTimeString().slice(0, 8);
  process.stdout.write(`${time}  ${visibleLine(event.message)}\n`);
}

/** The UI's list without the children of runs, of which there are hundreds. */
function wholesIn(uiUrl: string, namespace: string): string {
  return `${uiUrl}/namespaces/${namespace}/workflows?query=${encodeURIComponent('ParentWorkflowId IS NULL')}`;
}

function welcome(platform: Platform, config: MachineConfig, model: BaseModel | null): string {
  const lines: [string, string | null][] = [
    ['Temporal UI', platform.uiUrl === null ? null : wholesIn(platform.uiUrl, platform.namespace)],
    ['Temporal', `${platform.temporalAddress}, namespace ${platform.namespace}`],
    [
      'Models',
      model === null
        ? null
        : `${platform.modelServerUrl}/v1 (${config.engine === 'vllm' ? 'vLLM' : 'maft.serve'}, base model: ${[model, ...(model.further ?? [])].map(({ name }) => name).join(', ')})`,
    ],
    ['State, logs', config.maftHome],
  ];
  const start = `temporal workflow start --address ${platform.temporalAddress} --type ${workflowTypes.run} --task-queue ${taskQueues.workflows} --workflow-id maft/my-run --input-file examples/demo.json`;
  const table = lines.flatMap(([title, value]) => (value === null ? [] : [`  ${title.padEnd(12)} ${value}`]));
  return [
    '',
    'Ready.',
    ...table,
    '',
    '  Start a run in another terminal:',
    '    npx maft run examples/demo.yaml',
    `    ${start}`,
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n');
}
