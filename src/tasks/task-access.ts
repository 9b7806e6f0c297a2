/**
 * Which programs and data of users a worker reads. Permission to start a workflow grants neither: a task module or a
 * data folder must be named in the worker's config.yaml, or have been allowed by a command of the user who owns
 * MAFT_HOME and who named its path in a specification.
 */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { sha256 } from '../domain/digests';
import { ConfigError } from '../errors';

export interface TaskAccess {
  /** Absolute paths by name, from `taskModules` of config.yaml. */
  readonly named: Readonly<Record<string, string>>;
  /** Whether a program may be loaded by its path; its source is read only if the path was allowed. */
  mayLoad(file: string, source: () => string): boolean;
  /** Whether data outside MAFT_DATA and `dataFolders` may be read by their path. */
  mayRead(path: string): boolean;
}

/** For commands whose user names the file and has the rights that it gets. */
export const givenByUser: TaskAccess = { named: {}, mayLoad: () => true, mayRead: () => true };

/** For a context without `access`. */
export const nothingAllowed: TaskAccess = { named: {}, mayLoad: () => false, mayRead: () => false };

/** @param taskModules Of config.yaml: paths that are absolute, or below MAFT_HOME, where that file is. */
export function taskAccess(maftHome: string, taskModules: Readonly<Record<string, string>>): TaskAccess {
  const named = Object.entries(taskModules).map(([name, path]) => [name, resolve(maftHome, path)]);
  return {
    named: Object.fromEntries(named) as Record<string, string>,
    mayLoad: (file, source) => {
      const allowed = readGrant(maftHome, programs, file);
      return allowed !== undefined && allowed === sha256(source());
    },
    mayRead: (path) => readGrant(maftHome, data, path) !== undefined,
  };
}

const programs = 'allowed-task-modules';
const data = 'allowed-data';

/** One file per allowed path. Its first line is the digest of the allowed content, if that matters. */
function grantFile(maftHome: string, kind: string, path: string): string {
  return join(maftHome, kind, sha256(path));
}

function readGrant(maftHome: string, kind: string, path: string): string | undefined {
  try {
    return readFileSync(grantFile(maftHome, kind, path), 'utf8').split('\n')[0];
  } catch {
    return undefined;
  }
}

function grant(maftHome: string, kind: string, path: string, digest = ''): void {
  mkdirSync(join(maftHome, kind), { recursive: true, mode: 0o700 });
  writeFileSync(grantFile(maftHome, kind, path), `${digest}\n${path}\n`, { mode: 0o600 });
}

/**
 * Allows the task modules and the data outside MAFT_DATA whose paths a specification names, for workers of this MAFT_HOME.
 * Anybody who can write there could run programs as this user anyway; one who can only start workflows cannot.
 */
export function allowTasksOf(
  specification: unknown,
  { maftHome, dataDirectory }: { maftHome: string; dataDirectory: string },
): void {
  for (const { kind, path } of tasksWithPath(specification)) {
    const absolute = resolve(dataDirectory, path);
    if (kind === 'module') allowModule(maftHome, absolute);
    else if (!isBelow(absolute, dataDirectory)) grant(maftHome, data, absolute);
  }
}

/** An unreadable module is not an error here: loading the task refuses it by name. */
function allowModule(maftHome: string, path: string): void {
  try {
    const file = realpathSync(path);
    grant(maftHome, programs, file, sha256(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).path !== path) throw error;
  }
}

/** Of `task`, `evalTask` and the tasks of a comparison. */
function tasksWithPath(specification: unknown): { kind: unknown; path: string }[] {
  if (typeof specification !== 'object' || specification === null) return [];
  const { task, evalTask, tasks } = specification as Record<string, unknown>;
  const candidates = [task, evalTask, ...(Array.isArray(tasks) ? (tasks as unknown[]) : [])];
  return candidates.flatMap((each) => {
    const { kind, path } = (each ?? {}) as Record<string, unknown>;
    return typeof path === 'string' ? [{ kind, path }] : [];
  });
}

/** Whether a path is a folder or lies below it; both absolute, without `..`. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** Throws `ConfigError` for a name that is not in this worker's config.yaml. */
export function namedModule(name: string, { named }: TaskAccess): string {
  const file = Object.hasOwn(named, name) ? named[name] : undefined;
  if (file !== undefined) return file;
  const known = Object.keys(named);
  throw new ConfigError(
    `task.module: config.yaml of this worker names no task module ${JSON.stringify(name)}` +
      ` (it has: ${known.length === 0 ? 'none' : known.join(', ')}); add it there: taskModules: {${name}: /path/to/file.cjs}`,
  );
}
