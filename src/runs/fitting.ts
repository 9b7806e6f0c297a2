/** Whether a run's models fit into this machine, or into GPUs that are named. */
import type { RunSpecification } from '../contract/specification';
import { fitOf, verdictOf, type Devices, type Fit, type Verdict } from '../domain/fit';
import { modelShape, parameters, unknownShape } from '../domain/model-shape';
import { digestOf } from '../domain/digests';
import { baseModels, embeddedEndpoint } from '../domain/society';
import { ConfigError } from '../errors';
import { loadConfig } from '../machine/config';
import { devicesHere } from '../machine/devices';
import type { Fetching } from '../machine/setup/hub';
import { configsOnce } from '../machine/setup/model-folder';
import { formatBytes } from '../machine/setup/progress';

const nothingHere = 'nothing of it is computed on this machine';

export interface Fitting {
  fit: Fit;
  verdict: Verdict;
  devices: Devices;
}

/**
 * Returns a sentence instead if nothing is computed here, or if the kind of model is not one whose tensors are known.
 * Throws `ConfigError` if a base cannot be found. Of a mixed society, the largest base with the weights of the others.
 */
export async function fittingOf(
  specification: RunSpecification,
  { devices, configOf }: { devices: Devices; configOf: ReturnType<typeof configsOnce> },
): Promise<Fitting | string> {
  const { iterations } = specification;
  const bases = baseModels(specification).filter(({ endpoint }) => iterations > 0 || endpoint === embeddedEndpoint);
  if (bases.length === 0) return nothingHere;
  const shapes = [];
  for (const { base } of bases) {
    const config = await configOf(base);
    const shape = modelShape(config);
    if (shape === undefined) return `not known: of ${base}, ${unknownShape(config)}`;
    shapes.push(shape);
  }
  const [largest, ...others] = shapes.sort((left, right) => parameters(right) - parameters(left));
  const fit = fitOf(specification, largest!, devices.kind);
  for (const other of others) {
    const { weights, stored } = fitOf(specification, other, devices.kind).serving;
    fit.serving.weights += weights;
    fit.serving.stored += stored;
  }
  return { fit, verdict: verdictOf(fit, specification, devices), devices };
}

/** Says in one line whether the runs fit, by the one that fits worst, and refuses what surely does not. */
export async function requireFit(
  specifications: readonly RunSpecification[],
  { python, listener }: Fetching,
): Promise<void> {
  const devices = await devicesHere(loadConfig());
  const configOf = configsOnce(() => Promise.resolve(python));
  const different = new Map(specifications.map((each) => [digestOf(sizedParts(each)), each]));
  const found: (Fitting | string)[] = [];
  for (const specification of different.values()) found.push(await fittingOf(specification, { devices, configOf }));
  const [worst] = found.sort((left, right) => concern(right) - concern(left));
  if (worst === undefined) return;
  const line = typeof worst === 'string' ? `memory: ${worst}` : `memory: ${verdictText(worst)}`;
  if (typeof worst !== 'string' && worst.verdict.outcome === 'impossible')
    throw new ConfigError(
      `${line}. Take a smaller model, LoRA instead of full weights, or a larger machine; maft fit says more`,
    );
  listener(line);
}

/** What decides memory: the runs of a comparison differ in seeds and problems as well. */
function sizedParts({ iterations, model, method, sampling, finetuning, execution }: RunSpecification) {
  return { iterations, model, method, sampling, finetuning, execution };
}

/** Higher is worse; an unknown model may not fit either. Of equal outcomes, what takes more is worse. */
function concern(found: Fitting | string): number {
  if (typeof found === 'string') return found === nothingHere ? 0 : 3.5;
  const { outcome, serving, training, memory } = found.verdict;
  const taken = serving + training;
  return { fits: 1, apart: 2, tight: 3, impossible: 4 }[outcome] + (0.5 * taken) / (taken + memory);
}

/** `fits: serving 3.4 GB and training 9.1 GB, of 24.0 GB of one GPU; all 64 calls in flight at once`. */
export function verdictText({ fit, verdict, devices }: Fitting): string {
  const { outcome, serving, training, trainings, memory, sequences } = verdict;
  const parts = [
    ...(serving > 0 ? [`serving ${formatBytes(serving)}`] : []),
    ...(training > 0
      ? [`training ${formatBytes(training)}${trainings > 1 ? ` (${trainings} agents at once)` : ''}`]
      : []),
  ].join(' and ');
  const of = devices.kind === 'gpu' ? `${formatBytes(memory)} of one GPU` : `${formatBytes(memory)} of main memory`;
  const { inFlight } = fit.serving;
  const open = sequences < inFlight ? `${Math.max(1, sequences)} of ${inFlight}` : `all ${inFlight}`;
  const calls = serving > 0 && outcome === 'fits' ? `; room for ${open} calls in flight at their longest` : '';
  return `${outcomes[outcome]}: ${parts}, of ${of}${calls}`;
}

const outcomes: Record<Verdict['outcome'], string> = {
  fits: 'fits',
  apart:
    'fits on two GPUs, serving on one and training on another (a worker for the queue gpu with its own CUDA_VISIBLE_DEVICES)',
  tight: 'may not fit, by an estimate from above',
  impossible: 'cannot fit',
};
