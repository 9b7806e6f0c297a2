/** `maft setup vllm`: installs what `--engine vllm` starts, apart from everything else. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { stderrListener } from '../machine/setup/progress';
import { setUpVllm, vllmKindHere } from '../machine/setup/vllm-environment';

interface VllmOptions {
  cpu?: boolean;
  python?: string;
}

export function register(program: Command): void {
  const setup = program.command('setup').description('install what is needed for more than the demo');
  setup
    .command('vllm')
    .description('install vLLM into a Python environment of its own below MAFT_HOME, for --engine vllm')
    .option('--cpu', 'the vLLM that computes on the processor; the usual one without an NVIDIA GPU')
    .option('--python <program>', 'the Python (3.11 or newer) to make the environment with')
    .addHelpText(
      'after',
      '\nExamples:\n  maft setup vllm\n  maft setup vllm --cpu --python /usr/bin/python3.12\n\nAfter an interruption, start it again: what is installed is kept. To remove it, delete $MAFT_HOME/vllm or vllm-cpu.',
    )
    .action(async ({ cpu, python }: VllmOptions) => {
      const { maftHome } = loadConfig();
      const kind = cpu === true ? 'cpu' : vllmKindHere();
      const installed = await setUpVllm({ maftHome, kind, python, listener: stderrListener() });
      process.stdout.write(`${installed}\nstart it with: npx maft up --engine vllm\n`);
    });
}
