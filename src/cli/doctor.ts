/** `maft doctor`: every prerequisite, found with its version, or how to get it. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { checkMachine, type Finding } from '../machine/setup/checks';
import { exitCodes } from './exit-codes';
import { visibleJson } from '../visible-text';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('list every prerequisite: found, version, or how to get it')
    .option('--json', 'as JSON, for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  maft doctor\n  maft doctor --json\n\nExit code 1 where something is missing that no command makes or fetches by itself.\nWith TEMPORAL_ADDRESS set, it also registers the search attributes there, where allowed.',
    )
    .action(async (options: { json?: boolean }) => {
      const findings = await checkMachine(loadConfig());
      process.stdout.write(options.json ? `${visibleJson(findings, 2)}\n` : table(findings));
      if (findings.some((finding) => finding.status === 'missing')) process.exitCode = exitCodes.failed;
    });
}

function table(findings: Finding[]): string {
  return findings.map(({ name, status, detail }) => `${status.padEnd(10)} ${name.padEnd(11)} ${detail}\n`).join('');
}
