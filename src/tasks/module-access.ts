/**
 * Which programs of users a worker runs. Starting a workflow is no right to run code: a task module is named in the worker's
 * config.yaml, or was allowed by a command of the user who owns MAFT_HOME and named its path in a specification.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { sha256 } from '../domain/digests';
import { ConfigError } from '../errors';

export interface ModuleAccess {
  /** Absolute paths by name, from `taskModules` of config.yaml. */
  readonly named: Readonly<Record<string, string>>;
  /** Whether a file with this content may be loaded by its path. */
  mayLoad(file: string, source: string): boolean;
}

/** For commands that are given the file by the very person whose rights it gets. */
export const givenByUser: ModuleAccess = { named: {}, mayLoad: () => true };

/** @param taskModules Of config.yaml: paths that are absolute, or below MAFT_HOME, where that file is. */
export function moduleAccess(maftHome: string, taskModules: Readonly<Record<string, string>>): ModuleAccess {
  const named = Object.entries(taskModules).map(([name, path]) => [name, resolve(maftHome, path)]);
  return {
    named: Object.fromEntries(named) as Record<string, string>,
    mayLoad: (file, source) => existsSync(grantFile(maftHome, file, source)),
  };
}

/** Names the file and its content: a file that was changed since is not the one that was allowed. */
function grantFile(maftHome: string, file: string, source: string): string {
  return join(maftHome, 'allowed-task-modules', sha256(JSON.stringify([file, sha256(source)])));
}

/**
 * Allows the task modules whose paths a specification names, for workers of this MAFT_HOME. Whoever can write there could
 * run anything as this user anyway; whoever can only start workflows cannot.
 */
export function allowModulesOf(
  specification: unknown,
  { maftHome, dataDirectory }: { maftHome: string; dataDirectory: string },
): void {
  for (const path of modulePaths(specification)) {
    const file = realFile(isAbsolute(path) ? path : join(dataDirectory, path));
    if (file === undefined) continue;
    const grant = grantFile(maftHome, file, readFileSync(file, 'utf8'));
    mkdirSync(join(maftHome, 'allowed-task-modules'), { recursive: true, mode: 0o700 });
    writeFileSync(grant, `${file}\n`, { mode: 0o600 });
  }
}

/** One that cannot be read is refused by name where the task is loaded. */
function realFile(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Of `task`, `evalTask` and the tasks of a comparison. */
function modulePaths(specification: unknown): string[] {
  if (typeof specification !== 'object' || specification === null) return [];
  const { task, evalTask, tasks } = specification as Record<string, unknown>;
  const candidates = [task, evalTask, ...(Array.isArray(tasks) ? (tasks as unknown[]) : [])];
  return candidates.flatMap((each) => {
    const { kind, path } = (each ?? {}) as Record<string, unknown>;
    return kind === 'module' && typeof path === 'string' ? [path] : [];
  });
}

/** Throws `ConfigError` for a name that this worker's config.yaml does not have. */
export function namedModule(name: string, { named }: ModuleAccess): string {
  const file = Object.hasOwn(named, name) ? named[name] : undefined;
  if (file !== undefined) return file;
  const known = Object.keys(named);
  throw new ConfigError(
    `task.module: config.yaml of this worker names no task module ${JSON.stringify(name)}` +
      ` (it has: ${known.length === 0 ? 'none' : known.join(', ')}); add it there: taskModules: {${name}: /path/to/file.cjs}`,
  );
}
