/** `maft fit SPEC`: whether the models of a run fit, in memory and on disk. Starts nothing; of the Hub it reads `config.json`. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Devices, Fit } from '../domain/fit';
import { loadConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import { devicesHere } from '../machine/devices';
import { configsOnce } from '../machine/setup/model-folder';
import { formatBytes, stderrListener } from '../machine/setup/progress';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import { count, counted } from '../pages/numbers';
import { fittingOf, verdictText, type Fitting } from '../runs/fitting';
import { loadRunFile, resolveSpecification } from '../specification';
import { withLineSettings } from '../stored-runs/runs-of-lines';
import { visibleJson, visibleText } from '../visible-text';
import { addSetOption, loadWith, type SpecificationOptions } from './specification-options';

interface FitOptions extends SpecificationOptions {
  gpu?: number[];
  json?: boolean;
}

export function register(program: Command): void {
  addSetOption(program.command('fit'))
    .description('say whether the models of a run fit, in memory and on disk')
    .argument('<specification>', 'YAML or JSON file of a run')
    .option(
      '--gpu <size>',
      'a GPU to ask about, such as 24GB or 4x24GB, instead of this machine; may be repeated',
      gpus,
    )
    .option('--json', 'one JSON object, in bytes')
    .addHelpText(
      'after',
      '\nExamples:\n  maft fit my.yaml\n  maft fit my.yaml --gpu 24GB\n  maft fit my.yaml --gpu 4x24GB --set finetuning.weights=full\n\nFormulas and how they were checked: docs/real-models.md. Exit code 0 whatever is found.',
    )
    .action(fit);
}

/** Of GB; a larger number is a slip, such as bytes. */
const largestGpu = 100_000;

/** `24GB`, `4x24GB`, `80GiB`. Exported for tests. */
export function gpus(text: string, earlier: number[] = []): number[] {
  const [, number = '1', size, unit = ''] = /^(?:([1-9]\d?)x)?(\d+(?:\.\d+)?)(GB|GiB)$/i.exec(text.trim()) ?? [];
  if (size === undefined || !(Number(size) > 0 && Number(size) < largestGpu))
    throw new InvalidArgumentError('must be a size such as 24GB, or 4x24GB');
  const bytes = Number(size) * (unit.toLowerCase() === 'gib' ? 2 ** 30 : 1e9);
  return [...earlier, ...Array<number>(Number(number)).fill(bytes)];
}

async function fit(file: string, { gpu, json = false, ...options }: FitOptions): Promise<void> {
  const config = loadConfig();
  const raw = await withLineSettings(openStore(config), await loadWith(loadRunFile, file, options));
  const { specification } = resolveSpecification(raw);
  const devices: Devices = gpu === undefined ? await devicesHere(config) : { kind: 'gpu', memory: gpu, trainings: 1 };
  const listener = stderrListener();
  const python = async () => (await ensurePythonEnvironment({ listener, ownPython: config.python })).program;
  const found = await fittingOf(specification, { devices, configOf: configsOnce(python) });
  if (json)
    return void process.stdout.write(`${visibleJson(typeof found === 'string' ? { unknown: found } : found)}\n`);
  const lines = typeof found === 'string' ? [found] : fitLines(found, specification.iterations);
  process.stdout.write(`${visibleText(lines.join('\n'))}\n`);
}

function fitLines(found: Fitting, iterations: number): string[] {
  const { fit, devices } = found;
  const { disk, training } = fit;
  const version = disk.perIteration > 0 ? `${formatBytes(disk.perIteration)} an iteration` : 'no versions';
  return [
    verdictText(found),
    `  model       ${(fit.parameters / 1e9).toFixed(3)} billion parameters, in ${devices.kind === 'gpu' ? 'bf16' : 'fp32'}`,
    `  serving     ${servingText(fit)}`,
    ...(training === null ? [] : [`  training    ${trainingText(training)}`]),
    `  disk        ${version}, ${formatBytes(disk.total)} for ${counted(iterations, 'iteration')} (all are kept); ` +
      `checkpoints ${formatBytes(disk.checkpoints)} while an agent is trained`,
    '  time        not measured',
  ];
}

function servingText({ serving }: Fit): string {
  const { weights, versions, versionsMemory, cachePerToken, sequenceTokens, perSequence, inFlight } = serving;
  return (
    `base ${formatBytes(weights)}, ${counted(versions, 'version')} ${formatBytes(versionsMemory)}; keys and values ` +
    `${(cachePerToken / 1024).toFixed(1)} KiB a token, ${formatBytes(perSequence)} for a call of ${count(sequenceTokens)} tokens, ` +
    `${formatBytes(inFlight * perSequence)} for ${inFlight} calls in flight`
  );
}

function trainingText({
  weights,
  gradients,
  optimizer,
  casts,
  examples,
  tokens,
  answerTokens,
  pass,
}: NonNullable<Fit['training']>) {
  const copies = casts > 0 ? `, bf16 copies ${formatBytes(casts)}` : '';
  return (
    `weights ${formatBytes(weights)}, gradients ${formatBytes(gradients)}, AdamW ${formatBytes(optimizer)}${copies}; ` +
    `${counted(examples, 'example')} of ${count(tokens)} tokens, ${count(answerTokens)} of them answers: ${formatBytes(pass)}`
  );
}
