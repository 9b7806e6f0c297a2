/** pip, as this machine has it configured: how it is called, and what its messages mean. */
import { ConfigError } from '../../errors';
import { isolatedModule } from '../python-start';
import { runCommand, type CommandResult } from './command';
import type { SetupListener } from './progress';

/** Runs one pip command in an environment; `say` hears what is downloaded and unpacked. */
export function runPip(
  python: string,
  pipArguments: string[],
  say: SetupListener,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const options = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--no-compile'];
  const onLine = (line: string) => {
    const words = progressWords(line);
    if (words !== undefined) say(words, { transient: true });
  };
  const [command, ...rest] = pipArguments;
  // A machine-wide `user = true` would make pip refuse to install into an environment.
  return runCommand(python, isolatedModule('pip', [command!, ...options, ...rest]), {
    environment: { PIP_USER: '0' },
    onLine,
    signal,
    guarded: true,
  });
}

/** The lines of pip's output worth showing. */
export function progressWords(line: string): string | undefined {
  const download = /^\s*Downloading (\S+) \(([^)]+)\)/.exec(line);
  if (download !== null) return `downloading ${packageOf(download[1]!)} (${download[2]})`;
  if (line.startsWith('Installing collected packages')) return `unpacking ${line.split(',').length} packages`;
  const using = /^\s*Using cached (\S+)/.exec(line);
  return using === null ? undefined : `${packageOf(using[1]!)} is in pip's cache`;
}

function packageOf(address: string): string {
  return (address.split('/').at(-1) ?? address).split('-').slice(0, 2).join(' ');
}

/** pip's many messages for a few causes, each with its remedy. */
export function explainPip(result: CommandResult): ConfigError {
  const { output, exitCode } = result;
  if (/No space left on device|Errno 28/.test(output)) {
    return new ConfigError(
      `no space left while installing the Python packages (about 5 GB with CUDA libraries, and as much again in ${process.env.TMPDIR ?? '/tmp'} for a while): free some space, then start again; what is there is kept`,
    );
  }
  if (
    /Failed to establish a new connection|name resolution|getaddrinfo failed|timed out|Connection refused|Network is unreachable|ProxyError|SSLError/.test(
      output,
    )
  ) {
    return new ConfigError(
      'pip cannot reach its package index: check the network (pip uses its own configuration: proxy, certificate and index settings in pip.conf or PIP_… variables), then start again; what is there is kept. Offline: set MAFT_PYTHON to a Python that has the packages',
    );
  }
  const absent = /No matching distribution found for (\S+)/.exec(output);
  if (absent !== null) {
    return new ConfigError(
      `pip finds no ${absent[1]} for this Python and processor (${process.platform} ${process.arch}): use another Python (3.10 to 3.14), or set MAFT_PYTHON to one that has the packages of python/requirements.txt`,
    );
  }
  const lastLine =
    output
      .trim()
      .split('\n')
      .filter((line) => line.trim() !== '')
      .at(-1) ?? 'no output';
  return new ConfigError(`pip failed (exit code ${exitCode ?? 'none'}): ${lastLine.trim()}`);
}
