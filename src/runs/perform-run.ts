/** One run from the command line: servers, start or resume, progress, result. Everything said goes to standard error. */
import { loadConfig, type MachineConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import type { EngineOptions } from '../machine/engine';
import type { RunProgress } from '../contract/run';
import type { RunSpecification } from '../contract/specification';
import { runIdOf } from '../domain/digests';
import { runKeys } from '../domain/keys';
import { boundText, plannedWorkload } from '../domain/workload';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import type { Report } from '../report';
import { count, counted } from '../pages/numbers';
import { resolveSpecification, type ResolvedSpecification } from '../specification';
import type { Fetching } from '../machine/setup/hub';
import { embeddedModels } from '../machine/setup/model-folder';
import { stderrListener } from '../machine/setup/progress';
import { doubtsAbout, requirePerformable, requireStartable } from './before-servers';
import { requireFit } from './fitting';
import { pinnedAsStored } from './pinned-as-stored';
import { abortedBySignals } from './interrupt-signal';
import { followRun, RunCancelled } from './follow';
import { createProgressDisplay, type ProgressDisplay } from './progress-display';
import { createLoadReader, serversOf } from './server-load';
import { storyOfIteration } from './run-story';
import { readReport } from '../stored-runs/stored-run';
import { standingOf, type RunStanding } from '../stored-runs/standing';
import { anotherIsOpen, nextRun, startOrAttach } from './start-run';
import { withServers, type Servers } from './with-platform';

export interface RunRequest {
  command: string;
  /** The specification as the user wrote it, completed by its line if it names one. */
  raw: unknown;
  /** The run's id; undefined takes the specification's name, with a number if that run is finished. */
  id: string | undefined;
  detach: boolean;
  /** What is to serve the models, if this command starts the servers. */
  engine: EngineOptions;
}

/** Returns the report of the finished run; undefined if it was only started. */
export async function performRun(request: RunRequest): Promise<Report | undefined> {
  const interrupted = interruptSignal();
  const listener = stderrListener();
  const display = createProgressDisplay(process.stderr);
  const resolved = (runId?: string) => resolveSpecification(request.raw, runId);
  const { specification } = requireStartable(request.raw);
  const model = async (fetching: Fetching) => {
    const pinned = await pinnedAsStored(openStore(loadConfig()), resolved, request.id);
    await requireFit([pinned], fetching);
    return embeddedModels([pinned], fetching);
  };
  const beforeStart = async (config: MachineConfig) => {
    await requirePerformable([specification], config);
    for (const doubt of doubtsAbout(specification)) listener(doubt);
  };
  const specifications = [specification];
  return withServers({ ...request, specifications, model, listener, interrupted, beforeStart }, async (servers) => {
    const chosen = await startChosen(servers, request, resolved);
    const { runId, workflowId } = chosen;
    announce(servers, chosen, display);
    if (request.detach) return undefined;
    const store = openStore(servers.config);
    const tellThrough = newStories(store, runId, display);
    // The story of a run that had finished before is in its report.
    const onProgress = chosen.hadFinished
      ? undefined
      : ({ accuracy }: RunProgress) => void tellThrough(Math.max(-1, ...Object.keys(accuracy).map(Number)));
    const readLoad = createLoadReader(serversOf(specification, servers.config, servers.modelServerUrl));
    await followRun(servers.client, workflowId, { display, interrupted, onProgress, readLoad });
    const report = await readReport(store, runId);
    if (!chosen.hadFinished) await tellThrough(report.iterations.at(-1)?.iteration ?? -1);
    display.note(`report: ${store.addressOf(runKeys.reportPage(runId))}`);
    return report;
  });
}

/** Returns a function that tells the evaluated iterations up to the given one, each once and in order. */
function newStories(store: ArtifactStore, runId: string, display: ProgressDisplay): (last: number) => Promise<number> {
  let told: Promise<number> = Promise.resolve(-1);
  return (last) => {
    told = told.then(async (before) => {
      for (let iteration = before + 1; iteration <= last; iteration += 1) {
        const lines = await storyOfIteration(store, runId, iteration).catch(() => []);
        lines.forEach((line) => display.note(line));
      }
      return Math.max(before, last);
    });
    return told;
  };
}

interface ChosenRun {
  runId: string;
  workflowId: string;
  /** Whether it was started or continued, for the user. */
  how: string;
  hadFinished: boolean;
  specification: RunSpecification;
}

/** Starts the run, or finds it open; an open run with another specification is not ours. */
async function startChosen(
  { client, config }: Servers,
  { raw, id }: RunRequest,
  resolved: (runId?: string) => ResolvedSpecification,
): Promise<ChosenRun> {
  const store = openStore(config);
  const taken = new Set<string>();
  const digestOf = (runId: string) => resolved(runId).digest;
  for (;;) {
    const { runId, standing } = await (id === undefined
      ? nextRun(store, resolved().specification.name, digestOf, taken)
      : namedRun(store, id, digestOf));
    const { specification, digest } = resolved(runId);
    const { workflowId, started, digest: open } = await startOrAttach(client, runId, { raw, digest });
    const known = open ?? (await standingOf(store, runId)).digest;
    if (known === undefined || known === digest) {
      const how = started ? becomesOf[standing] : 'following the open run';
      return { runId, workflowId, how, hadFinished: started && standing === 'finished', specification };
    }
    if (id !== undefined) throw new InvalidRunSpec([anotherIsOpen(runId)]);
    taken.add(runId);
  }
}

const becomesOf: Record<RunStanding, string> = {
  new: 'new run',
  unfinished: 'going on with the unfinished run',
  finished: 'the finished run',
};

async function namedRun(store: ArtifactStore, id: string, digestOf: (runId: string) => string) {
  const runId = runIdOf(id);
  const { standing, digest: known } = await standingOf(store, runId);
  if (known === undefined || known === digestOf(runId)) return { runId, standing };
  throw new InvalidRunSpec([`run ${runId} exists with another specification: choose another --id, or none`]);
}

function announce(
  { uiUrl, found, config }: Servers,
  { runId, workflowId, how, specification }: ChosenRun,
  display: ProgressDisplay,
) {
  display.note(`${how} ${runId} on ${found}`);
  if (uiUrl !== null)
    display.note(
      `Temporal UI: ${uiUrl}/namespaces/${config.temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`,
    );
  display.note(`files:       ${openStore(config).addressOf(runKeys.folder(runId))}`);
  display.note(`plan:        ${planLine(specification)}`);
}

/** `at least 15,400 model calls and 12 trainings; …` */
function planLine(specification: RunSpecification): string {
  const workload = plannedWorkload(specification);
  const { calls, trainings } = workload;
  const { train, eval: evaluated } = { ...specification.task, ...specification.evalTask };
  return (
    `${boundText(workload)}${counted(calls.total, 'model call')} and ${counted(trainings, 'training')}: ` +
    `${counted(specification.iterations, 'iteration')} on ${counted(train, 'problem')}, each measured on ${count(evaluated)} others`
  );
}

/** For commands that cancel what they follow. */
export function interruptSignal(): AbortSignal {
  // A start that is under way then throws this reason.
  return abortedBySignals(new RunCancelled('interrupted; nothing is left running, and the same command goes on'));
}
