/** How every Python is started: never with the current folder on its path, where anything could pose as a package. */
import { join } from 'node:path';
import { pythonPackagesDirectory } from './paths';

/** The arguments that run a module of `maft`, as `-m` would. */
export function maftModule(module: `maft.${string}`, moduleArguments: readonly string[] = []): string[] {
  return [join(pythonPackagesDirectory(), 'maft_module.py'), module, ...moduleArguments];
}

/** The arguments that run a module of Python's own, or pip, which need no package of ours and nothing of the user's. */
export function isolatedModule(module: 'pip' | 'venv', moduleArguments: readonly string[]): string[] {
  return ['-I', '-m', module, ...moduleArguments];
}

/** The arguments that run a few lines. */
export function pythonLines(lines: string, lineArguments: readonly string[] = []): string[] {
  return ['-c', `import sys\nsys.path[:] = [each for each in sys.path if each]\n${lines}`, ...lineArguments];
}

/** How a module finds the package `maft`, and what it starts itself finds no current folder (Python 3.11 and later). */
export function maftEnvironment(packages = pythonPackagesDirectory()): Record<string, string> {
  return { PYTHONPATH: packages, PYTHONSAFEPATH: '1' };
}
