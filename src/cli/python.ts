/** `maft python ARGUMENT…`: the environment's Python with the package `maft` on its path; makes the environment first. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { pythonPackagesDirectory } from '../machine/paths';
import { stderrListener } from '../machine/setup/progress';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import { maftModule } from '../machine/python-start';
import { runToItsEnd } from './child-command';

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
      const env = { ...process.env, PYTHONPATH: pythonPackagesDirectory(), PYTHONUNBUFFERED: '1', PYTHONUTF8: '1' };
      process.exitCode = await runToItsEnd(python, safely(pythonArguments), env);
    });
}

/** Starts our own modules as the rest of the program does; passes any other arguments to Python unchanged. */
function safely(pythonArguments: string[]): string[] {
  const [flag, module = '', ...rest] = pythonArguments;
  return flag === '-m' && module.startsWith('maft.') ? maftModule(module as `maft.${string}`, rest) : pythonArguments;
}
