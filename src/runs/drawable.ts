/** Whether the problems of runs can be drawn on this machine, asked before any server is started. */
import type { MachineConfig } from '../config';
import type { RunSpecification } from '../contract/specification';
import { digestOf } from '../domain/digests';
import { drawRun, givenByUser, makeTasks, taskFor } from '../tasks';

/** Draws as the runs will. Throws `ConfigError` and `DatasetError` for data that are missing, too few or do not parse. */
export async function requireDrawable(
  specifications: readonly RunSpecification[],
  { data, dataFolders }: MachineConfig,
): Promise<void> {
  const context = { dataDirectory: data, dataFolders, access: givenByUser };
  const different = new Map(specifications.map((each) => [digestOf(drawnFrom(each)), each]));
  for (const specification of different.values())
    await drawRun(
      makeTasks(specification, (settings) => taskFor(settings, context)),
      specification,
    );
}

function drawnFrom({ seed, iterations, task, evalTask, stopWhen }: RunSpecification) {
  return { seed, iterations, task, evalTask, stopWhen };
}
