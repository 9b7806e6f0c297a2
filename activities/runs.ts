/** Beginning a run: the specification is validated, the splits are drawn, and all of it is stored before anything is asked. */
import { Context } from '@temporalio/activity';
import { publishLines } from '../src/artifacts/lines';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import { searchAttributes } from '../src/contract/names';
import type { ArtifactReference, RunPlan, RunRecord, SplitReferences } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import type { Society } from '../src/contract/society';
import { validationSplit, type Split } from '../src/contract/transcript';
import { digestOf, runIdOf } from '../src/domain/digests';
import { iterationKeys, runKeys } from '../src/domain/keys';
import { deriveRunPlan } from '../src/domain/plan';
import { baseModels, nameOfBase, untunedSociety, type BaseOfAgent } from '../src/domain/society';
import { startingSociety, misfits } from '../src/domain/starting-society';
import { InvalidRunSpec, ProviderError } from '../src/errors';
import { findSociety } from '../src/runs/find-society';
import { resolveSpecification, specificationArgument } from '../src/specification';
import { evaluationSpecification, parseEvaluationRequest } from '../src/specification/evaluation';
import type { DrawnProblems, LabelledProblem, Task } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { noteTrainedQuestions } from './trained-questions';
import { digestsOf, drawProblems, makeTasks, promptsFor, tasksOf, type RunTasks } from './run-tasks';

export interface ResolveRunInput {
  /** The workflow's arguments as they came: exactly one JSON object is wanted. */
  input: unknown[];
}

export function createRunActivities(dependencies: ActivityDependencies) {
  const { store, platform, machine } = dependencies;

  /** Adopts the stored run of the same specification (this is resume), or stores a new one. */
  async function resolveRun({ input }: ResolveRunInput): Promise<RunPlan> {
    return withHeartbeats(() => adoptOrStore(specificationArgument(input)));
  }

  /** The same for an evaluation of a finished society: it becomes the specification of a run that only measures. */
  async function resolveEvaluation({ input }: ResolveRunInput): Promise<RunPlan> {
    return withHeartbeats(async () => {
      const request = parseEvaluationRequest(specificationArgument(input));
      const found = await findSociety(store, request.society, 'society');
      return adoptOrStore(evaluationSpecification(request, found));
    });
  }

  async function adoptOrStore(written: unknown): Promise<RunPlan> {
    const { workflowId } = currentWorkflow();
    const runId = runIdOf(workflowId);
    const resolved = resolveSpecification(written);
    const known = await readSealed<RunRecord>(store, runKeys.record(runId));
    const record = known ?? (await storeRun({ runId, workflowId, written }, resolved));
    if (record.specificationDigest !== resolved.digest) throw otherSpecification(record, resolved.specification);
    if (known !== undefined) tasksOf(record, dependencies);
    await storeFirstSociety(record);
    // What the server knows may have changed since the run was stored; it belongs to this start, not to the record.
    const { searchAttributes, notices } = await registeredAttributes();
    return { ...record.plan, searchAttributes, notices: [...record.plan.notices, ...notices] };
  }

  async function storeRun(
    { runId, workflowId, written }: { runId: string; workflowId: string; written: unknown },
    resolved: ReturnType<typeof resolveSpecification>,
  ) {
    const { specification, valueSources, digest } = resolved;
    const tasks = makeTasks(specification, dependencies);
    await refuseUnknownNames(specification, tasks);
    const source = await findStart(specification);
    const drawn = await noteTrainedQuestions(store, await drawProblems(tasks, specification), source);
    refuseMissingReferences(specification, drawn);
    const problemKey = (split: Split, iteration?: number) => runKeys.problems(runId, split, iteration);
    const referenceKey = (split: Split, iteration?: number) => runKeys.references(runId, split, iteration);
    const record: RunRecord = {
      runId,
      workflowId,
      specificationDigest: digest,
      specification,
      written,
      valueSources,
      plan: deriveRunPlan(specification, runId, { notices: drawn.notices }),
      problems: await publishSplits(drawn, problemKey, ({ answer: _, ...problem }) => problem),
      references: await publishSplits(withReferences(drawn), referenceKey, ({ id, answer }) => ({ id, answer })),
      sources: drawn.sources ?? [],
      ...(source === undefined ? {} : { startedFrom: placeOf(source) }),
      taskDigests: digestsOf(tasks),
      versions: machine.versions,
      createdAt: new Date().toISOString(),
    };
    return (await publishSealed<RunRecord>(store, runKeys.record(runId), record)).content;
  }

  /** Iteration 0. Also where an earlier attempt stored the record and died. */
  async function storeFirstSociety({ runId, specification, startedFrom }: RunRecord): Promise<void> {
    const key = iterationKeys.society({ runId, iteration: 0 });
    if ((await readSealed<Society>(store, key)) !== undefined) return;
    const society =
      startedFrom === undefined
        ? untunedSociety(runId, specification)
        : startingSociety(
            runId,
            specification,
            await requireSealed<Society>(store, iterationKeys.society(startedFrom)),
          );
    await publishSealed<Society>(store, key, { ...society, version: digestOf(society) });
  }

  /** The society that the run starts from, where it is not the untuned one. */
  async function findStart(specification: RunSpecification): Promise<Society | undefined> {
    const { society: name } = specification.model;
    if (name === undefined) return undefined;
    const { society, record } = await findSociety(store, name, 'model.society');
    const problems = misfits(specification, society, record.specification);
    if (problems.length > 0) throw new InvalidRunSpec(problems);
    return society;
  }

  /** A name that does not exist would otherwise show only after minutes, in the first turn. */
  async function refuseUnknownNames(specification: RunSpecification, tasks: RunTasks): Promise<void> {
    Object.values(tasks).forEach((task: Task) => promptsFor(specification.method.prompts, task));
    const bases = baseModels(specification);
    if (specification.iterations > 0) for (const { base } of bases) machine.modelFolder(base);
    const problems = await Promise.all(bases.map(unservedBase));
    if (problems.some((problem) => problem !== undefined))
      throw new InvalidRunSpec(problems.filter((each) => each !== undefined));
    await refuseUnservedMeasures(specification);
  }

  /** What is wrong with a base model's name, if its endpoint does not serve it. */
  async function unservedBase(model: BaseOfAgent, index: number): Promise<string | undefined> {
    const { base, endpoint } = model;
    const served = await dependencies.inference(endpoint).models(Context.current().cancellationSignal);
    if (served.includes(nameOfBase(model))) return undefined;
    return (
      `${index === 0 ? 'model.base' : 'model.members'}: ${JSON.stringify(base)} is not served by the endpoint ` +
      `"${endpoint}", which offers: ${served.slice(0, 20).join(', ') || 'nothing'}`
    );
  }

  /** The fixed scorer and the embedding model, where they are named. */
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

  /** `undefined` where the endpoint has no list: those that only embed need none. */
  async function servedNames(endpoint: string): Promise<string[] | undefined> {
    try {
      return await dependencies.inference(endpoint).models(Context.current().cancellationSignal);
    } catch (error) {
      if (error instanceof ProviderError && (error.status === 404 || error.status === 405)) return undefined;
      throw error;
    }
  }

  /** One file for evaluation, and one for training or, with `problems: fresh`, one per iteration. */
  async function publishSplits(
    drawn: DrawnProblems,
    keyOf: (split: Split, iteration?: number) => string,
    shown: (problem: LabelledProblem) => object,
  ): Promise<SplitReferences> {
    const publish = (key: string, problems: LabelledProblem[]): Promise<ArtifactReference> =>
      publishLines(store, key, problems.map(shown));
    const evaluation = await publish(keyOf('eval'), drawn.eval);
    const validation =
      drawn.validation === undefined ? {} : { validation: await publish(keyOf(validationSplit), drawn.validation) };
    const [first] = drawn.train;
    if (first !== undefined && drawn.train.every((problems) => problems === first)) {
      const training = await publish(keyOf('train'), first);
      return { eval: evaluation, train: drawn.train.map(() => training), ...validation };
    }
    const train = drawn.train.map((problems, index) => publish(keyOf('train', index + 1), problems));
    return { eval: evaluation, train: await Promise.all(train), ...validation };
  }

  async function registeredAttributes(): Promise<Pick<RunPlan, 'searchAttributes' | 'notices'>> {
    const registered = new Set(await platform.registeredSearchAttributes());
    const wanted = Object.values(searchAttributes);
    const missing = wanted.filter((name) => !registered.has(name));
    const notice = `search attributes ${missing.join(', ')} are not registered in this namespace: the run cannot be found by them`;
    return {
      searchAttributes: wanted.filter((name) => registered.has(name)),
      notices: missing.length === 0 ? [] : [notice],
    };
  }

  return { resolveRun, resolveEvaluation };
}

function placeOf({ runId, iteration, version }: Society): RunRecord['startedFrom'] {
  return { runId, iteration, version };
}

function currentWorkflow(): { workflowId: string } {
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('resolveRun belongs to a workflow');
  return workflowExecution;
}

/** Training needs no labels, unless the one selection that goes by them is asked for. */
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

/** A list of its own per file, but the same one for the same problems: fixed training problems are written once. */
function withReferences(drawn: DrawnProblems): DrawnProblems {
  const labelled = new Map<LabelledProblem[], LabelledProblem[]>();
  const onlyLabelled = (problems: LabelledProblem[]): LabelledProblem[] => {
    const known = labelled.get(problems) ?? problems.filter(({ answer }) => answer !== undefined);
    labelled.set(problems, known);
    return known;
  };
  return { ...drawn, eval: onlyLabelled(drawn.eval), train: drawn.train.map(onlyLabelled) };
}

function otherSpecification(record: RunRecord, wanted: RunSpecification): InvalidRunSpec {
  const before = record.specification as Record<string, unknown>;
  const changed = Object.entries(wanted)
    .filter(([field, value]) => digestOf(before[field] ?? null) !== digestOf(value ?? null))
    .map(([field]) => field);
  return new InvalidRunSpec([
    `run ${record.runId} exists with another specification (different: ${changed.join(', ')}). ` +
      'Start it under another workflow id, or give the specification it was started with to resume it',
  ]);
}
