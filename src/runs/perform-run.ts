/** One run from the command line: servers, start or resume, progress, result. Everything said goes to standard error. */
import path from 'node:path';
import { InvalidRunSpec } from '../errors';
import type { Report } from '../report';
import { resolveSpecification } from '../specification';
import type { BaseModel } from '../setup/model-folder';
import { stderrListener } from '../setup/progress';
import { openStore } from '../wiring';
import { followRun, RunCancelled } from './follow';
import { createProgressDisplay, type ProgressDisplay } from './progress-display';
import { readReport, reportFile } from './stored-report';
import { standingOf, type RunStanding } from './standing';
import { isOpen, nextRun, startOrAttach } from './start-run';
import { withServers, type Servers } from './with-platform';
import { rootWorkflowId } from '../domain/identifiers';
import { runIdOf } from '../domain/digests';

export interface RunRequest {
  command: string;
  /** The specification as the user wrote it. */
  raw: unknown;
  model: BaseModel | null;
  /** The run's id; undefined takes the specification's name, with a number where that run is finished. */
  id: string | undefined;
  detach: boolean;
}

/** Returns the report of the finished run; undefined where it was only started. */
export async function performRun(request: RunRequest): Promise<Report | undefined> {
  const interrupted = interruptSignal();
  const listener = stderrListener();
  const display = createProgressDisplay(process.stderr);
  return withServers({ ...request, listener, interrupted }, async (servers) => {
    const { runId, standing } = await chooseRun(servers, request);
    const { workflowId } = await announceAndStart(servers, runId, standing, request.raw, display);
    if (request.detach) return undefined;
    await followRun(servers.client, workflowId, { display, interrupted });
    const store = openStore(servers.config);
    display.note(`report: ${reportFile(servers.config, runId)}`);
    return readReport(store, runId);
  });
}

async function chooseRun({ config, client }: Servers, { raw, id }: RunRequest) {
  const store = openStore(config);
  const { specification, digest } = resolveSpecification(raw);
  if (id === undefined) return nextRun(store, specification.name, digest);
  const runId = runIdOf(id);
  const { standing, digest: known } = await standingOf(store, runId);
  if (known !== undefined && known !== digest && !(await isOpen(client, rootWorkflowId(runId)))) {
    throw new InvalidRunSpec([`run ${runId} exists with another specification: choose another --id, or none`]);
  }
  return { runId, standing };
}

async function announceAndStart(
  { client, uiUrl, found, config }: Servers,
  runId: string,
  standing: RunStanding,
  raw: unknown,
  display: ProgressDisplay,
) {
  const { workflowId, started } = await startOrAttach(client, runId, raw);
  const how = { new: 'new run', unfinished: 'going on with the unfinished run', finished: 'the finished run' }[
    standing
  ];
  display.note(`${started ? how : 'following the open run'} ${runId} on ${found}`);
  if (uiUrl !== null)
    display.note(
      `Temporal UI: ${uiUrl}/namespaces/${config.temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`,
    );
  display.note(`files:       ${path.join(config.store, 'runs', runId)}`);
  return { workflowId };
}

/** Aborted by the first Ctrl-C; the second ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    // The reason is what a start that is under way then throws.
    controller.abort(new RunCancelled('interrupted; nothing is left running, and the same command goes on'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}
