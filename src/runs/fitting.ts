/** Whether a run's models fit into this machine, or into GPUs that are named. */
import type { RunSpecification } from '../contract/specification';
import { fitOf, verdictOf, type Devices, type Fit, type Verdict } from '../domain/fit';
import { modelShape, parameters } from '../domain/model-shape';
import { baseModels, embeddedEndpoint } from '../domain/society';
import { ConfigError } from '../errors';
import { loadConfig } from '../machine/config';
import { devicesHere } from '../machine/devices';
import type { Fetching } from '../machine/setup/hub';
import { readConfig } from '../machine/setup/model-folder';
import { formatBytes } from '../machine/setup/progress';

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
  { devices, python }: { devices: Devices; python: () => Promise<string> },
): Promise<Fitting | string> {
  const { iterations } = specification;
  const bases = baseModels(specification).filter(({ endpoint }) => iterations > 0 || endpoint === embeddedEndpoint);
  if (bases.length === 0) return 'nothing of it is computed on this machine';
  const shapes = [];
  for (const { base } of bases) {
    const config = await readConfig(base, python);
    const shape = modelShape(config);
    if (shape === undefined) return `not known: models of type ${String(config.model_type)} are not computed here`;
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

/** Says in one line whether the run fits, and refuses what surely does not. */
export async function requireFit(specification: RunSpecification, { python, listener }: Fetching): Promise<void> {
  const devices = await devicesHere(loadConfig());
  const found = await fittingOf(specification, { devices, python: () => Promise.resolve(python) });
  const line = typeof found === 'string' ? `memory: ${found}` : `memory: ${verdictText(found)}`;
  if (typeof found !== 'string' && found.verdict.outcome === 'impossible')
    throw new ConfigError(
      `${line}. Take a smaller model, LoRA instead of full weights, or a larger machine; maft fit says more`,
    );
  listener(line);
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
