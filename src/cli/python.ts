/** `maft python ARGUMENT…`: the environment's Python with the package `maft` on its path; makes the environment first. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import { ConfigError } from '../errors';
import { pythonPackagesDirectory } from '../paths';
import { stderrListener } from '../setup/progress';
import { ensurePythonEnvironment } from '../setup/python-environment';
import { maftModule } from '../python-start';

export function register(program: Command): void {
  program
    .command('python [arguments...]', { hidden: true })
    .description("run the environment's Python with the package `maft` on its path")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (pythonArguments: string[]) => {
      const { program: python } = await ensurePythonEnvironment({
        listener: stderrListener(),
        ownPython: loadConfig().python,
      });
      process.exitCode = await runToItsEnd(python, pythonArguments);
    });
}

/** Our own modules as every other part of the program starts them; what the user writes otherwise is Python's own matter. */
function safely(pythonArguments: string[]): string[] {
  const [flag, module = '', ...rest] = pythonArguments;
  return flag === '-m' && module.startsWith('maft.') ? maftModule(module as `maft.${string}`, rest) : pythonArguments;
}

/** In our own process group and on our terminal, so Ctrl-C reaches it as if it had been started directly. */
function runToItsEnd(python: string, pythonArguments: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, safely(pythonArguments), {
      stdio: 'inherit',
      env: { ...process.env, PYTHONPATH: pythonPackagesDirectory(), PYTHONUNBUFFERED: '1', PYTHONUTF8: '1' },
    });
    // It decides itself what a signal means; we only leave with it.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', (error) => reject(new ConfigError(`${python} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
