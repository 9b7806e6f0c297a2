/** The version of Math-Verify that compares answers here: another one may call other answers equal. */
import { execFileSync } from 'node:child_process';
import { ConfigError } from '../errors';

const question =
  'from importlib.metadata import version; ' +
  'print(*(f"{name} {version(package)}" for name, package in ' +
  '(("Math-Verify", "math-verify"), ("latex2sympy2-extended", "latex2sympy2-extended"), ("sympy", "sympy"))), sep=", ")';

const known = new Map<string, string>();

/**
 * `Math-Verify 0.9.0, …`; asked once per process (some 50 ms), so it is the version that this process grades with.
 * Throws `ConfigError` if Python or one of the packages is missing.
 */
export function mathVerifyVersions(python: string): string {
  const versions = known.get(python) ?? ask(python);
  known.set(python, versions);
  return versions;
}

function ask(python: string): string {
  try {
    // -I: nothing from the current folder or the environment stands for the package.
    return execFileSync(python, ['-I', '-c', question], { encoding: 'utf8', stdio: 'pipe', timeout: 60_000 }).trim();
  } catch (cause) {
    throw new ConfigError(`${python} must have the package math-verify to compare answers: run maft doctor`, { cause });
  }
}
