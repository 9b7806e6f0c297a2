/** `maft setup vllm`: installs what `--engine vllm` starts, apart from everything else. */
import { Argument, type Command } from 'commander';
import { loadConfig } from '../machine/config';
import { stderrListener } from '../machine/setup/progress';
import { setUpVllm, vllmKindHere } from '../machine/setup/vllm-environment';

interface SetupOptions {
  cpu?: boolean;
  python?: string;
}

export function register(program: Command): void {
  program
    .command('setup')
    .description('install vLLM into a Python environment of its own below MAFT_HOME, for --engine vllm')
    .addArgument(new Argument('<what>', 'what to install').choices(['vllm']))
    .option('--cpu', 'the vLLM that computes on the processor; the usual one without an NVIDIA GPU')
    .option('--python <program>', 'the Python (3.11 or newer) to make the environment with')
    .addHelpText(
      'after',
      '\nExamples:\n  maft setup vllm\n  maft setup vllm --cpu --python /usr/bin/python3.12\n\nAfter an interruption, start it again: what is installed is kept. To remove it, delete $MAFT_HOME/vllm or vllm-cpu.',
    )
    .action(async (_what: string, { cpu, python }: SetupOptions) => {
      const { maftHome } = loadConfig();
      const kind = cpu === true ? 'cpu' : vllmKindHere();
      const installed = await setUpVllm({ maftHome, kind, python, listener: stderrListener() });
      process.stdout.write(`${installed}\nstart it with: npx maft up --engine vllm\n`);
    });
}
