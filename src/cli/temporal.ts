/** `maft temporal ARGUMENT…`: the Temporal CLI, found or fetched, connected to the servers running here. */
import { devNull } from 'node:os';
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { runningServers } from '../runs/find-servers';
import { stderrListener } from '../machine/setup/progress';
import type { TemporalTarget } from '../machine/temporal-client';
import { ensureTemporalCli } from '../machine/setup/temporal-cli';
import { runToItsEnd } from './child-command';

export function register(program: Command): void {
  program
    .command('temporal [arguments...]')
    .description('the Temporal CLI, with the address and namespace of the servers that run here')
    .usage('<arguments of the Temporal CLI>')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (cliArguments: string[]) => {
      const config = loadConfig();
      const { target } = runningServers(config);
      const cli = await ensureTemporalCli({ listener: stderrListener(), ownProgram: config.temporalProgram });
      process.exitCode = await runToItsEnd(cli.program, cliArguments, environmentFor(target));
    });
}

/** A development server has neither TLS nor keys, even if variables and the profile file set them for other servers. */
function environmentFor({ connectionOptions, namespace }: TemporalTarget): NodeJS.ProcessEnv {
  const where = { TEMPORAL_ADDRESS: connectionOptions.address, TEMPORAL_NAMESPACE: namespace };
  if (Object.keys(connectionOptions).length > 1) return { ...process.env, ...where };
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(others), ...where, TEMPORAL_CONFIG_FILE: devNull };
}
