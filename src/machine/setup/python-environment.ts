/**
 * The Python that serves and trains: the user's own (`MAFT_PYTHON`), else `.venv` in the repository, which is made, completed
 * or adopted here. `.venv` counts as complete only with a stamp that carries the digest of the requirements: a `kill -9` in
 * the middle leaves no stamp, and the next command repairs it. Checking a complete one costs two small file reads.
 */
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../errors';
import { withUsersUmask } from '../umask';
import { repositoryRoot } from '../paths';
import { waitForLock } from '../supervision/file-lock';
import { isolatedModule, pythonLines } from '../python-start';
import { runCommand } from './command';
import { findPython, installedPackages, oldestPython, pythonFacts, type PythonFacts } from './find-python';
import { installRequirements, neededBytes, ownPackages, type PackageSet } from './install-packages';
import { formatBytes, withProgress, type SetupListener } from './progress';
import { compareVersions, missingPins, requirementsDigest, type Requirement } from './requirements';

export interface PythonEnvironment {
  /** The program to start. */
  program: string;
  origin: 'MAFT_PYTHON' | 'virtual environment';
}

export interface PythonEnvironmentOptions {
  listener: SetupListener;
  /** The user's own Python; wins over everything. */
  ownPython?: string | undefined;
  /** Default: `.venv` in the repository. */
  directory?: string;
  /** Default: `python/requirements.txt`. */
  requirementsFile?: string;
  /** What is installed; default: what serves and trains here. */
  packages?: PackageSet;
  /** Which Python a new environment is made with; default: the first suitable one on PATH. */
  basePython?: () => Promise<PythonFacts>;
  /** Completes an environment after its packages are installed; may run again after a `kill -9`. */
  finish?: (directory: string) => void;
  /** Replaced in tests. */
  cpuIndex?: string;
}

/** Least versions for the user's own Python; requirements.txt pins the versions that the tests ran with. */
const oldestPackages: Record<string, string> = {
  torch: '2.6',
  transformers: '5.0',
  peft: '0.18',
  tokenizers: '0.22',
  safetensors: '0.5',
  starlette: '0.40',
  pydantic: '2.11',
  uvicorn: '0.30',
  'prometheus-client': '0.20',
  'math-verify': '0.8',
};

const stampName = '.maft-complete.json';

/** Finds or makes the environment. Throws `ConfigError` with one sentence that says what to do. */
export async function ensurePythonEnvironment(options: PythonEnvironmentOptions): Promise<PythonEnvironment> {
  if (options.ownPython !== undefined) return useOwnPython(options.ownPython);
  const place = placeOf(options);
  if (!isComplete(place)) await completeUnderLock(place, options);
  return { program: place.python, origin: 'virtual environment' };
}

/** State without changing anything, for `maft doctor`. */
export function environmentState(
  options: Omit<PythonEnvironmentOptions, 'listener'>,
): 'complete' | 'incomplete' | 'absent' {
  const place = placeOf(options);
  if (isComplete(place)) return 'complete';
  return existsSync(place.directory) ? 'incomplete' : 'absent';
}

interface Place {
  directory: string;
  python: string;
  requirementsFile: string;
  digest: string;
  packages: PackageSet;
}

function placeOf(options: Omit<PythonEnvironmentOptions, 'listener'>): Place {
  const directory = options.directory ?? join(repositoryRoot(), '.venv');
  const requirementsFile = options.requirementsFile ?? join(repositoryRoot(), 'python', 'requirements.txt');
  return {
    directory,
    python: join(directory, 'bin', 'python'),
    requirementsFile,
    digest: requirementsDigest(requirementsFile),
    packages: options.packages ?? ownPackages,
  };
}

/** A stamp of these requirements, and a Python whose base installation has not been removed since (a dangling link). */
function isComplete(place: Place): boolean {
  const stamp = join(place.directory, stampName);
  if (!existsSync(place.python) || !existsSync(stamp)) return false;
  return readFileSync(stamp, 'utf8').includes(place.digest);
}

async function completeUnderLock(place: Place, options: PythonEnvironmentOptions): Promise<void> {
  const { listener } = options;
  const lock = await inWritableFolder(place, () =>
    waitForLock(`${place.directory}.lock`, (owner) =>
      listener(`Waiting for process ${owner.pid}, which is setting up Python in ${place.directory}`),
    ),
  );
  try {
    if (!isComplete(place)) await withUsersUmask(() => inWritableFolder(place, () => complete(place, options)));
  } finally {
    lock.release();
  }
}

async function complete(place: Place, options: PythonEnvironmentOptions): Promise<void> {
  if (!(await canInstall(place))) await createVirtualEnvironment(place, options);
  removeTornPackages(place);
  const missing = await missingIn(place);
  if (missing.length > 0) {
    const missingTorch = missing.find((pin) => pin.name === 'torch')?.version;
    if (missingTorch !== undefined) requireSpace(place);
    const { requirementsFile, python, packages } = place;
    await installRequirements({
      python,
      packages,
      requirementsFile,
      missingTorch,
      listener: options.listener,
      cpuIndex: options.cpuIndex,
    });
  }
  options.finish?.(place.directory);
  writeStamp(place);
}

/** Whether the folder has a working Python with pip: a killed `venv` may have left either half-made. */
async function canInstall(place: Place): Promise<boolean> {
  if (!existsSync(place.python)) return false;
  return (
    (await runCommand(place.python, pythonLines('import pip._internal.cli.main'), { timeoutMs: 60_000 })).exitCode === 0
  );
}

async function createVirtualEnvironment(
  place: Place,
  { listener, basePython = findPython }: PythonEnvironmentOptions,
): Promise<void> {
  const { directory } = place;
  if (existsSync(directory) && !existsSync(join(directory, 'pyvenv.cfg')) && readdirSync(directory).length > 0) {
    throw new ConfigError(
      `${directory} exists and is not a Python virtual environment: move it away, or ${place.packages.instead}`,
    );
  }
  const python = await basePython();
  await withProgress(
    listener,
    `Making a Python environment in ${directory} with Python ${python.version} (${python.program})`,
    async () => {
      // --clear: files that a killed attempt left behind cannot be trusted.
      const result = await runCommand(python.program, isolatedModule('venv', ['--clear', directory]), {
        guarded: true,
      });
      if (result.exitCode === 0) return;
      const words = result.output.trim().split('\n').at(-1) ?? '';
      if (/No space left/.test(result.output)) throw spaceError(place);
      if (/ensurepip/.test(result.output))
        throw new ConfigError(
          `Python ${python.version} cannot make an environment with pip: install python3-venv (Debian, Ubuntu), or ${place.packages.instead}`,
        );
      throw new ConfigError(`${python.program} -m venv ${directory} failed: ${words}`);
    },
  );
}

/**
 * pip writes a package's RECORD last. A package without one was being unpacked when pip was killed; pip would take it for
 * installed. Its metadata is removed, so that pip installs it again over the torn files.
 */
function removeTornPackages(place: Place): void {
  const library = join(place.directory, 'lib');
  if (!existsSync(library)) return;
  for (const version of readdirSync(library)) {
    const packages = join(library, version, 'site-packages');
    if (!existsSync(packages)) continue;
    const torn = readdirSync(packages).filter(
      (entry) => entry.endsWith('.dist-info') && !existsSync(join(packages, entry, 'RECORD')),
    );
    for (const entry of torn) rmSync(join(packages, entry), { recursive: true });
  }
}

async function missingIn(place: Place): Promise<Requirement[]> {
  const missing = await missingPins(place.python, place.requirementsFile);
  if (missing === undefined)
    throw new ConfigError(`${place.python} does not run: remove ${place.directory} and start again`);
  return missing;
}

function writeStamp(place: Place): void {
  const next = join(place.directory, `${stampName}.${process.pid}`);
  writeFileSync(next, `${JSON.stringify({ requirements: place.digest, completedAt: new Date().toISOString() })}\n`);
  renameSync(next, join(place.directory, stampName));
}

function requireSpace(place: Place): void {
  const { bavail, bsize } = statfsSync(dirname(place.directory));
  if (bavail * bsize < neededBytes(place.packages)) throw spaceError(place);
}

function spaceError(place: Place): ConfigError {
  const { bavail, bsize } = statfsSync(dirname(place.directory));
  const { packages, directory } = place;
  return new ConfigError(
    `${packages.title} need about ${formatBytes(neededBytes(packages))} in ${directory}, and ${formatBytes(bavail * bsize)} are free: free some space, or ${packages.instead}`,
  );
}

async function inWritableFolder<T>(place: Place, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC') throw spaceError(place);
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new ConfigError(
        `cannot write to ${dirname(place.directory)} (${code}), where the Python environment belongs: make it writable, or ${place.packages.instead}`,
      );
    }
    throw error;
  }
}

async function useOwnPython(program: string): Promise<PythonEnvironment> {
  const facts = await pythonFacts(program);
  if (facts === undefined)
    throw new ConfigError(
      `MAFT_PYTHON is "${program}", which does not run as a Python: set it to the program itself, such as /opt/venv/bin/python, or unset it`,
    );
  if (compareVersions(facts.version, oldestPython) < 0) {
    throw new ConfigError(`MAFT_PYTHON is Python ${facts.version} (${program}): ${oldestPython} or newer is needed`);
  }
  const installed = (await installedPackages(program)) ?? new Map<string, string>();
  const lacking = Object.entries(oldestPackages).flatMap(([name, oldest]) => {
    const version = installed.get(name);
    if (version === undefined) return [`${name} (absent)`];
    return compareVersions(version, oldest) < 0 ? [`${name} (${version}, at least ${oldest})`] : [];
  });
  if (lacking.length === 0) return { program, origin: 'MAFT_PYTHON' };
  throw new ConfigError(
    `MAFT_PYTHON (${program}) lacks ${lacking.join(', ')}: install them (versions in python/requirements.txt), or unset it to have .venv made`,
  );
}
