/** What a specification means, before anything is started: the lines of `maft validate` and of `--dry-run`. */
import type { RunSpecification, ValueSource } from '../contract/specification';
import { evaluationSize } from '../domain/debate-rules';
import { deriveRunPlan } from '../domain/plan';
import { boundText, plannedWorkload, type Workload } from '../domain/workload';
import { resolveSpecification, type ResolvedSpecification } from '../specification';
import type { ResolvedComparison } from '../specification/comparison';
import { count, counted } from '../pages/numbers';
import { dottedPath, leafPaths, valueAt } from '../specification/plain-objects';

/** As JSON: the specification with all its defaults, the source of each value, and the resulting calls and trainings. */
export function plannedRun({ specification, valueSources, digest }: ResolvedSpecification) {
  return { kind: 'run' as const, digest, specification, valueSources, workload: plannedWorkload(specification) };
}

/** Counts each run as if performed alone; the untuned turns that they share are asked for once. */
export function plannedComparison(comparison: ResolvedComparison) {
  const { name, digest } = comparison;
  const runs = runsOf(comparison).map(({ runId, specification }) => ({
    runId,
    workload: plannedWorkload(specification),
  }));
  return { kind: 'comparison' as const, digest, name, runs };
}

/** Every run of a comparison, with all its defaults. */
export function runsOf({ name, groups }: ResolvedComparison): { runId: string; specification: RunSpecification }[] {
  const runs = groups(name).flatMap((group) => group.runs);
  return runs.map(({ runId, specification }) => ({
    runId,
    specification: resolveSpecification(specification).specification,
  }));
}

export function describePlannedRun(resolved: ResolvedSpecification): string[] {
  const { specification } = resolved;
  const settings = leafPaths(specification).map((path) =>
    settingLine(resolved, dottedPath(path), valueAt(specification, path)),
  );
  return [
    ...summaryLines(specification),
    '',
    'settings (as --set takes them; *: of the preset, unmarked: default):',
    ...settings,
  ];
}

function settingLine({ valueSources }: ResolvedSpecification, path: string, value: unknown): string {
  const marks: Record<ValueSource, string> = { specification: '  your file', preset: '  *', default: '' };
  return `  ${path}=${JSON.stringify(value)}${marks[valueSources[path] ?? 'default']}`;
}

function summaryLines(specification: RunSpecification): string[] {
  const plan = deriveRunPlan(specification, specification.name);
  const { task, method, evalTask = task, iterations } = specification;
  const workload = plannedWorkload(specification);
  const answered = { debate: 'debate', vote: 'vote', sample: 'one sample' }[method.evaluateBy];
  const { members, rounds } = evaluationSize(specification);
  const trained = plan.trainedAgents.length === 0 ? 'nothing is trained' : `${plan.trainedAgents.length} trained`;
  return [
    `run ${JSON.stringify(specification.name)}: ${method.preset}, seed ${specification.seed}`,
    `  problems    ${iterations === 0 ? '' : `${task.train} of ${task.kind} to train on, `}${evalTask.eval} of ${evalTask.kind} to evaluate on`,
    `  society     ${plan.members} members, ${plan.rounds} rounds${method.summary ? ' with summaries' : ''}; ${trained}`,
    `  evaluated   by ${answered}: ${members} members, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
    `  iterations  ${iterations}${workload.mayStopEarly && iterations > 0 ? ' at most' : ''}`,
    `  calls       ${callsLine(workload)}`,
    `  trainings   ${workload.trainings}`,
  ];
}

function callsLine(workload: Workload): string {
  const { calls } = workload;
  const parts = [
    [calls.training, 'in training debates'],
    [calls.validation, 'in validation'],
    [calls.evaluation, 'in evaluation'],
  ] as const;
  const shown = parts.filter(([made]) => made > 0).map(([made, where]) => `${count(made)} ${where}`);
  const reading =
    calls.criticReading === 0 ? '' : `; and at most ${count(calls.criticReading)} to see whether critics read`;
  return `${boundText(workload)}${counted(calls.total, 'model call')}: ${shown.join(', ')}${reading}`;
}

export function describePlannedComparison(resolved: ResolvedComparison): string[] {
  const { name, runs } = plannedComparison(resolved);
  const calls = runs.reduce((sum, { workload }) => sum + workload.calls.total, 0);
  const reading = runs.reduce((sum, { workload }) => sum + workload.calls.criticReading, 0);
  const trainings = runs.reduce((sum, { workload }) => sum + workload.trainings, 0);
  return [
    `comparison ${JSON.stringify(name)}: ${counted(runs.length, 'run')}`,
    ...runs.map(
      ({ runId, workload }) => `  ${runId}: ${callsLine(workload)}; ${counted(workload.trainings, 'training')}`,
    ),
    `  together ${counted(calls, 'model call')}${reading === 0 ? '' : ` (and at most ${count(reading)})`} and ${counted(trainings, 'training')}, less what the runs share`,
  ];
}
