/** Checks runs before servers are started for them: endpoints have an address, trainers exist, problems can be drawn. */
import { pricesOf, requireTrainer, resolveEndpoint, type MachineConfig } from '../machine/config';
import type { RunSpecification } from '../contract/specification';
import { digestOf } from '../domain/digests';
import { embeddedEndpoint } from '../domain/society';
import { InvalidRunSpec } from '../errors';
import { demoModelName, requireBases } from '../machine/setup/model-folder';
import { resolveSpecification, type ResolvedSpecification } from '../specification';
import { endpointsOf, pricingProblems } from '../specification/priced';
import { drawRun, givenByUser, makeTasks, taskFor } from '../tasks';

/**
 * What can be refused of a run without asking anybody. Throws `InvalidRunSpec`, and `ConfigError` for a model folder that
 * does not exist.
 */
export function requireStartable(raw: unknown): ResolvedSpecification {
  const resolved = resolveSpecification(raw);
  requireBases([resolved.specification]);
  return resolved;
}

/**
 * Draws as the runs will. Throws `ConfigError` for endpoints that are not configured, keys that are not set and trainers
 * that no machine has, and `ConfigError` and `DatasetError` for data that are missing, too few or do not parse.
 */
export async function requirePerformable(
  specifications: readonly RunSpecification[],
  config: MachineConfig,
): Promise<void> {
  const endpoints = new Set(specifications.flatMap(endpointsOf));
  endpoints.delete(embeddedEndpoint);
  endpoints.forEach((name) => resolveEndpoint(config, name));
  requireTrainers(specifications);
  requirePrices(specifications, config);
  const { data, dataFolders } = config;
  const context = { dataDirectory: data, dataFolders, access: givenByUser };
  const different = new Map(specifications.map((each) => [digestOf(drawnFrom(each)), each]));
  for (const specification of different.values())
    await drawRun(
      makeTasks(specification, (settings) => taskFor(settings, context)),
      specification,
    );
}

/** Throws `ConfigError` if a run that trains names a trainer that no machine has. */
export function requireTrainers(specifications: readonly RunSpecification[]): void {
  for (const { iterations, finetuning } of specifications) if (iterations > 0) requireTrainer(finetuning.trainer);
}

/** Throws `InvalidRunSpec` if money is to be limited at an endpoint whose prices are unknown. */
export function requirePrices(
  specifications: readonly RunSpecification[],
  config: Pick<MachineConfig, 'endpoints' | 'server'>,
): void {
  const problems = specifications.flatMap((each) => pricingProblems(each, (endpoint) => pricesOf(config, endpoint)));
  if (problems.length > 0) throw new InvalidRunSpec([...new Set(problems)]);
}

/** Said before the run starts: what its accuracies could mistakenly be taken for. */
export function doubtsAbout({ model, task, evalTask = task }: RunSpecification): string[] {
  const own = [task, evalTask].find(({ kind }) => kind !== 'arithmetic' && kind !== 'module');
  if (model.base !== demoModelName || own === undefined) return [];
  return [
    `note: ${demoModelName} knows one kind of problem, as in 3+2*7+5-4*9=?; on ${own.kind} it shows nothing. The smallest ` +
      'real model to take instead is Qwen/Qwen2.5-0.5B-Instruct (README, "Your own model")',
  ];
}

function drawnFrom({ seed, iterations, task, evalTask, stopWhen }: RunSpecification) {
  return { seed, iterations, task, evalTask, stopWhen };
}
