/** The tasks of a line, as this machine finds their files; and the questions of a society that may not be held out. */
import { dataDirectory } from '../../machine/paths';
import { loadConfig } from '../../machine/config';
import { findServers } from '../../runs/find-servers';
import type { RunSpecification } from '../../contract/specification';
import { givenByUser, makeTasks, taskFor, type RunTasks } from '../../tasks';

/** People who type the command may read any file they name. */
export function tasksOfLine(specification: Pick<RunSpecification, 'task' | 'evalTask' | 'method'>): RunTasks {
  const data = findServers(loadConfig())?.data ?? dataDirectory();
  return makeTasks(specification, (settings) => taskFor(settings, { dataDirectory: data, access: givenByUser }));
}
