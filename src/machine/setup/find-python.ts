/** Finds a Python, and reads its version and packages. */
import { ConfigError } from '../../errors';
import { pythonLines } from '../python-start';
import { runCommand } from './command';
import { compareVersions, normalise } from './requirements';

/** The oldest version that the code in `python/` and the pinned packages support. */
export const oldestPython = '3.10';
/** The newest that the pinned packages have wheels for; a newer one is tried last. */
const newestPython = '3.14';

const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3.14', 'python'];

export interface PythonFacts {
  program: string;
  /** `3.11.7` */
  version: string;
  /** Debian and Ubuntu ship `venv` without `ensurepip` unless python3-venv is installed. */
  hasVenv: boolean;
}

const factsScript = `
import importlib.util as u, json, sys
has = all(u.find_spec(n) is not None for n in ("venv", "ensurepip"))
print(json.dumps({"program": sys.executable, "version": ".".join(map(str, sys.version_info[:3])), "hasVenv": has}))`;

/** Facts about one program; undefined if it does not run (absent, or a version manager's empty shim). */
export async function pythonFacts(program: string): Promise<PythonFacts | undefined> {
  const result = await runCommand(program, pythonLines(factsScript), { timeoutMs: 20_000 });
  return result.exitCode === 0 ? (JSON.parse(result.stdout) as PythonFacts) : undefined;
}

/** The first suitable Python on PATH. Throws `ConfigError` if all are missing, too old, or unable to make an environment. */
export async function findPython(candidates: string[] = names): Promise<PythonFacts> {
  const found: PythonFacts[] = [];
  for (const name of candidates) {
    const facts = await pythonFacts(name);
    if (facts === undefined) continue;
    if (isSuitable(facts) && facts.hasVenv) return facts;
    found.push(facts);
  }
  const usable = found.find((facts) => isNewEnough(facts) && facts.hasVenv);
  if (usable !== undefined) return usable;
  throw new ConfigError(explain(found));
}

const missingScript = `
import importlib.metadata as m, json, sys
print(json.dumps({d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"] and d.files is not None}))`;

/**
 * Versions of completely installed packages by normalised name (a torn one has no list of its files); undefined if the
 * program does not run.
 */
export async function installedPackages(program: string): Promise<Map<string, string> | undefined> {
  const result = await runCommand(program, pythonLines(missingScript), { timeoutMs: 60_000 });
  if (result.exitCode !== 0) return undefined;
  const versions = JSON.parse(result.stdout) as Record<string, string>;
  return new Map(Object.entries(versions).map(([name, version]) => [normalise(name), version]));
}

function isNewEnough(facts: PythonFacts): boolean {
  return compareVersions(facts.version, oldestPython) >= 0;
}

function isSuitable(facts: PythonFacts): boolean {
  const [major, minor] = facts.version.split('.');
  return isNewEnough(facts) && compareVersions(`${major}.${minor}`, newestPython) <= 0;
}

function explain(found: PythonFacts[]): string {
  const withoutVenv = found.find(isNewEnough);
  if (withoutVenv !== undefined) {
    const package_ = `python${withoutVenv.version.split('.').slice(0, 2).join('.')}-venv`;
    return `Python ${withoutVenv.version} (${withoutVenv.program}) lacks the modules venv and ensurepip: install them (Debian, Ubuntu: apt install python3-venv or ${package_}), or set MAFT_PYTHON to a Python that has the packages of python/requirements.txt`;
  }
  const advice = `install Python ${oldestPython} or newer (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13), or set MAFT_PYTHON`;
  if (found.length === 0) return `no Python found on PATH: ${advice}`;
  return `Python ${oldestPython} or newer is needed, found only ${found.map((facts) => `${facts.version} (${facts.program})`).join(', ')}: ${advice}`;
}
