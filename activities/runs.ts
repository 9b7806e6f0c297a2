/** Begins a run: validates the specification, draws the splits, and stores all of it before any model is asked. */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import { readSociety, requireSociety } from '../src/artifacts/societies';
import { untunedSocietyName } from '../src/contract/line';
import { searchAttributes } from '../src/contract/names';
import type { RunPlan, RunRecord } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import type { Society } from '../src/contract/society';
import { digestOf, runIdOf } from '../src/domain/digests';
import { pinnedLike } from '../src/domain/hub-names';
import { iterationKeys, runKeys } from '../src/domain/keys';
import { deriveRunPlan } from '../src/domain/plan';
import { untunedSociety } from '../src/domain/society';
import { startingSociety, misfits } from '../src/domain/starting-society';
import { InvalidRunSpec } from '../src/errors';
import { earlierPace } from '../src/stored-runs/earlier-pace';
import { findSociety } from '../src/stored-runs/find-society';
import { withLineSettings } from '../src/stored-runs/runs-of-lines';
import { StoredRun } from '../src/stored-runs/stored-run';
import { resolveSpecification, specificationArgument } from '../src/specification';
import { evaluationSpecification, parseEvaluationRequest } from '../src/specification/evaluation';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { drawOnLine, planOfLine, startOnLine, type LineStart } from './line-runs';
import { limitsOf } from './limits';
import { registeredAttributes } from './registered-attributes';
import { noteTrainedQuestions } from './trained-questions';
import { basePinning } from './pinned-bases';
import { runChecks } from './run-checks';
import { publishProblems, remakeProblems } from './problem-files';
import { digestsOf, programOf } from './run-tasks';

export interface ResolveRunInput {
  /** The workflow's arguments as they came: exactly one JSON object is wanted. */
  input: unknown[];
}

export function createRunActivities(dependencies: ActivityDependencies) {
  const { store, platform, machine } = dependencies;
  const { checkedRun, requirePinnedBases, requireAgentsServed } = runChecks(dependencies);
  const pinned = basePinning(dependencies);

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

  async function adoptOrStore(asked: unknown): Promise<RunPlan> {
    const { workflowId } = currentWorkflow();
    const runId = runIdOf(workflowId);
    const written = await withLineSettings(store, asked);
    const resolved = resolveSpecification(written, runId);
    const known = await readSealed<RunRecord>(store, runKeys.record(runId));
    const record = known ?? (await storeRun({ runId, workflowId, written }, resolved));
    if (record.specificationDigest !== resolved.digest) throw otherSpecification(record, resolved.specification);
    if (known !== undefined) {
      await requirePinnedBases(known.specification);
      await remakeProblems(dependencies, known);
    }
    await storeFirstSociety(record);
    // The server's attributes may have changed since the run was stored, so they belong to this start, not to the record.
    const { searchAttributes, notices } = await attributesAndNotices();
    const resumed = known === undefined ? {} : { resumed: true };
    const landing = await landingOf(record, known !== undefined);
    return {
      ...record.plan,
      recordDigest: digestOf(record),
      ...resumed,
      ...landing,
      searchAttributes,
      notices: [...record.plan.notices, ...notices],
    };
  }

  /** How far an earlier start of the run has landed, and with a deadline how fast the run may be expected to go. */
  async function landingOf(record: RunRecord, isResumed: boolean): Promise<Pick<RunPlan, 'landed' | 'pace'>> {
    const run = new StoredRun(store, record);
    const landed = isResumed ? await run.landed() : {};
    const hasDeadline = record.specification.limits.deadline !== undefined;
    const pace = hasDeadline ? await earlierPace(run, { isResumed }) : undefined;
    return { ...(Object.keys(landed).length > 0 && { landed }), ...(pace && { pace }) };
  }

  async function storeRun(
    { runId, workflowId, written }: { runId: string; workflowId: string; written: unknown },
    resolved: ReturnType<typeof resolveSpecification>,
  ) {
    const { valueSources, digest } = resolved;
    const start = await startOnLine(store, resolved.specification.line);
    const { specification, source } = await pinnedStart(startingFrom(resolved.specification, start));
    if (source !== undefined) await requireAgentsServed(source, specification);
    const drawing = (tasks: RunTasks) => drawOnLine({ runId, specification, tasks, start: start! });
    const { tasks, problems } = await checkedRun(specification, start && drawing);
    // A line holds out what its societies were not trained on.
    const drawn = start === undefined ? await noteTrainedQuestions(store, problems, source) : problems;
    const plan = planOf(specification, runId, { drawn, start });
    const record: RunRecord = {
      runId,
      workflowId,
      specificationDigest: digest,
      specification,
      written,
      valueSources,
      plan: { ...plan, ...limitsOf(specification, plan, { tasks, problems: drawn, prices: machine.prices }) },
      ...(await publishProblems(store, runId, drawn)),
      sources: drawn.sources ?? [],
      ...(source === undefined ? {} : { startedFrom: placeOf(source) }),
      ...(start === undefined ? {} : { line: start.at }),
      taskDigests: digestsOf(tasks),
      program: programOf(specification, tasks, dependencies),
      versions: machine.versions,
      createdAt: new Date().toISOString(),
    };
    return (await publishSealed<RunRecord>(store, runKeys.record(runId), record)).content;
  }

  /** Iteration 0. Runs again if an earlier attempt died after storing the record. */
  async function storeFirstSociety({ runId, specification, startedFrom }: RunRecord): Promise<void> {
    const key = iterationKeys.society({ runId, iteration: 0 });
    if ((await readSociety(store, { runId, specification }, 0)) !== undefined) return;
    // Its bases are this run's: `misfits` has refused others.
    const sourceOf = (place: typeof startedFrom & object) =>
      requireSociety(store, { runId: place.runId, specification }, place.iteration);
    const society =
      startedFrom === undefined
        ? untunedSociety(runId, specification)
        : startingSociety(runId, specification, await sourceOf(startedFrom));
    await publishSealed<Society>(store, key, { ...society, version: digestOf(society) });
  }

  /** The specification with its bases pinned, and the society that the run starts from, unless it is the untuned one. */
  async function pinnedStart(
    written: RunSpecification,
  ): Promise<{ specification: RunSpecification; source?: Society }> {
    const { society: name } = written.model;
    if (name === undefined) return { specification: await pinned(written) };
    const { society: source, record } = await findSociety(store, name, 'model.society');
    const specification = await pinned(written, record.specification);
    const problems = misfits(specification, source, record.specification);
    if (problems.length > 0) throw new InvalidRunSpec(problems);
    return { specification, source };
  }

  async function attributesAndNotices(): Promise<Pick<RunPlan, 'searchAttributes' | 'notices'>> {
    const registered = await registeredAttributes(platform);
    const missing = Object.values(searchAttributes).filter((name) => !registered.includes(name));
    const notice = `search attributes ${missing.join(', ')} are not registered in this namespace: the run cannot be found by them`;
    return {
      searchAttributes: registered,
      notices: missing.length === 0 ? [] : [notice],
    };
  }

  return { resolveRun, resolveEvaluation };
}

/** A run of a line starts from the society that is current when it begins; its digest leaves that out. */
function startingFrom(specification: RunSpecification, start: LineStart | undefined): RunSpecification {
  if (start === undefined || start.at.society === untunedSocietyName) return specification;
  return { ...specification, model: { ...specification.model, society: start.at.society } };
}

function planOf(
  specification: RunSpecification,
  runId: string,
  { drawn, start }: { drawn: DrawnProblems; start: LineStart | undefined },
): RunPlan {
  const plan = deriveRunPlan(specification, runId, { notices: drawn.notices });
  if (start === undefined) return plan;
  // A source may hold fewer new problems than the specification takes at most.
  const trainProblems = drawn.train[0]?.length ?? 0;
  const skipped = drawn.skipped === undefined ? {} : { skipped: drawn.skipped };
  return { ...plan, trainProblems, ...planOfLine(start), ...skipped };
}

function placeOf({ runId, iteration, version }: Society): RunRecord['startedFrom'] {
  return { runId, iteration, version };
}

function currentWorkflow(): { workflowId: string } {
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('resolveRun belongs to a workflow');
  return workflowExecution;
}

function otherSpecification(record: RunRecord, other: RunSpecification): InvalidRunSpec {
  const wanted = pinnedLike(other, record.specification);
  const before = record.specification as Record<string, unknown>;
  const changed = Object.entries(wanted)
    .filter(([field, value]) => digestOf(before[field] ?? null) !== digestOf(value ?? null))
    .map(([field]) => field);
  return new InvalidRunSpec([
    `run ${record.runId} exists with another specification (different: ${changed.join(', ')}). ` +
      'Start it under another workflow id, or give the specification it was started with to resume it',
  ]);
}
