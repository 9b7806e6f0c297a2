/**
 * What can be known of a run before anything of it is stored and any model is asked: its tasks load, the names in its
 * specification exist, its problems are there, and trainer, server and grader will take them.
 */
import { Context } from '@temporalio/activity';
import type { RunSpecification } from '../src/contract/specification';
import { isHubName } from '../src/domain/hub-names';
import { baseModels, nameOfBase, type BaseOfAgent } from '../src/domain/society';
import { InvalidRunSpec, ProviderError } from '../src/errors';
import { drawRun, makeTasks, type RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems, Task } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { readinessChecks } from './readiness';
import { vllmChecks } from './vllm-readiness';
import { promptsFor } from '../src/prompts';

export interface CheckedRun {
  tasks: RunTasks;
  problems: DrawnProblems;
}

export interface RunChecks {
  /** @param draw Draws the problems in another way than a run by itself: for runs of a line. */
  checkedRun: (
    specification: RunSpecification,
    draw?: (tasks: RunTasks) => Promise<DrawnProblems>,
  ) => Promise<CheckedRun>;
  /** Of a run that goes on: whether the bases that it pinned are still served. */
  requirePinnedBases: (specification: RunSpecification) => Promise<void>;
  /** Of a society that is measured or trained on: whether a vLLM can serve it. */
  requireAgentsServed: ReturnType<typeof vllmChecks>['requireAgentsServed'];
}

/**
 * The returned functions throw `InvalidRunSpec` or `ConfigError` for problems that people must fix, and `ProviderError` while
 * an endpoint cannot list its models.
 */
export function runChecks(dependencies: ActivityDependencies): RunChecks {
  const requireReadiness = readinessChecks(dependencies);
  const { requireAdaptersServed, requireAgentsServed } = vllmChecks(dependencies);

  const checkedRun: RunChecks['checkedRun'] = async (specification, draw) => {
    const tasks = makeTasks(specification, dependencies.task);
    await refuseUnknownNames(specification, tasks);
    const problems = await (draw?.(tasks) ?? drawRun(tasks, specification));
    // Nothing is going to be asked.
    if (problems.skipped !== undefined) return { tasks, problems };
    refuseMissingReferences(specification, problems);
    const adapters = await requireAdaptersServed(specification);
    const notices = [...adapters, ...(await requireReadiness(specification, tasks, problems))];
    return { tasks, problems: { ...problems, notices: [...(problems.notices ?? []), ...notices] } };
  };

  /** A name that does not exist would otherwise show only after minutes, in the first turn. */
  async function refuseUnknownNames(specification: RunSpecification, tasks: RunTasks): Promise<void> {
    Object.values(tasks).forEach((task: Task) => promptsFor(specification.method.prompts, task));
    await refuseUnserved(baseModels(specification));
    await refuseUnservedMeasures(specification);
  }

  async function requirePinnedBases(specification: RunSpecification): Promise<void> {
    await refuseUnserved(baseModels(specification).filter(({ base }) => isHubName(base)));
  }

  async function refuseUnserved(bases: BaseOfAgent[]): Promise<void> {
    const problems = (await Promise.all(bases.map(unservedBase))).filter((each) => each !== undefined);
    if (problems.length > 0) throw new InvalidRunSpec(problems);
  }

  /** Returns what is wrong with a base model's name if its endpoint does not serve it. */
  async function unservedBase(model: BaseOfAgent, index: number): Promise<string | undefined> {
    const { base, endpoint } = model;
    const served = await dependencies.inference(endpoint).models(Context.current().cancellationSignal);
    if (served.includes(nameOfBase(model))) return undefined;
    return (
      `${index === 0 ? 'model.base' : 'model.members'}: ${JSON.stringify(base)} is not served by the endpoint ` +
      `"${endpoint}", which offers: ${served.slice(0, 20).join(', ') || 'nothing'}`
    );
  }

  /** The fixed scorer and the embedding model, if the specification names them. */
  async function refuseUnservedMeasures({ evaluation }: RunSpecification): Promise<void> {
    const { scorer, embedding } = evaluation;
    const named = [
      ...(scorer === undefined ? [] : [{ field: 'evaluation.scorer.base', ...scorer }]),
      ...(embedding === undefined
        ? []
        : [{ field: 'evaluation.embedding.model', base: embedding.model, endpoint: embedding.endpoint }]),
    ];
    for (const { field, base, endpoint } of named) {
      const served = await servedNames(endpoint);
      if (served === undefined || served.includes(nameOfBase({ base, endpoint }))) continue;
      throw new InvalidRunSpec([
        `${field}: ${JSON.stringify(base)} is not served by the endpoint "${endpoint}", ` +
          `which offers: ${served.slice(0, 20).join(', ') || 'nothing'}`,
      ]);
    }
  }

  /** `undefined` if the endpoint has no list: endpoints that only embed need none. */
  async function servedNames(endpoint: string): Promise<string[] | undefined> {
    try {
      return await dependencies.inference(endpoint).models(Context.current().cancellationSignal);
    } catch (error) {
      if (error instanceof ProviderError && (error.status === 404 || error.status === 405)) return undefined;
      throw error;
    }
  }

  return { checkedRun, requirePinnedBases, requireAgentsServed };
}

/** Only `select: reference` needs labels for training. */
function refuseMissingReferences({ method }: RunSpecification, { train }: DrawnProblems): void {
  const unlabelled = new Set(
    train
      .flat()
      .filter(({ answer }) => answer === undefined)
      .map(({ id }) => id),
  );
  if (method.select !== 'reference' || unlabelled.size === 0) return;
  throw new InvalidRunSpec([
    `method.select: "reference" needs a reference answer for every training problem; ${unlabelled.size} have none`,
  ]);
}
