/** Installs the pinned packages into an environment with pip, as this machine has it configured, and says what happens. */
import { existsSync } from 'node:fs';
import { ConfigError } from '../errors';
import { torchCpuIndex } from './addresses';
import { runCommand, type CommandResult } from './command';
import { withProgress, type SetupListener } from './progress';

export interface Installation {
  /** The environment's own Python. */
  python: string;
  requirementsFile: string;
  /** The pinned version of torch, where the file has one and it is not installed yet. */
  missingTorch: string | undefined;
  listener: SetupListener;
  /** Replaced in tests. */
  cpuIndex?: string;
}

/** A connection that has brought nothing for this long is given up: a firewall may drop packets without an answer. */
const cpuIndexPatienceMs = 20_000;

export async function installRequirements(installation: Installation): Promise<void> {
  const { python, requirementsFile, missingTorch, listener } = installation;
  const smallTorch = missingTorch !== undefined && wantsCpuWheel() && (await tryCpuTorch(installation, missingTorch));
  const title = `Installing the Python packages of ${requirementsFile}${missingTorch === undefined ? '' : `: ${sizeInWords(smallTorch)}`}`;
  await withProgress(listener, title, async (say) => {
    const result = await pip(python, ['install', '-r', requirementsFile], say);
    if (result.exitCode !== 0) throw explainPip(result);
  });
}

/** Whether the usual wheel would bring CUDA libraries that this machine has no use for. */
export function wantsCpuWheel(): boolean {
  return process.platform === 'linux' && !hasNvidiaGpu();
}

/** By the driver's files, as `python/maft/nvidia_driver.py`; whether torch can use it is another question. */
export function hasNvidiaGpu(): boolean {
  return ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some((file) =>
    existsSync(file),
  );
}

/** Bytes that an installation takes on disk, downloads apart. */
export function neededBytes(): number {
  return wantsCpuWheel() || process.platform === 'darwin' ? 2e9 : 7e9;
}

function sizeInWords(smallTorch: boolean): string {
  if (smallTorch || process.platform === 'darwin') return 'about 1 GB on disk, a minute or two';
  return 'about 5 GB on disk with the CUDA libraries of torch (3 GB to download), a few minutes';
}

/** Installs torch alone from PyTorch's CPU index; false where that is out of reach, which costs seconds and loses nothing. */
async function tryCpuTorch(installation: Installation, version: string): Promise<boolean> {
  const { python, listener, cpuIndex = torchCpuIndex } = installation;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), cpuIndexPatienceMs);
  listener('No NVIDIA GPU here: trying the CPU-only torch from PyTorch’s own index (200 MB)');
  const watch: SetupListener = (line) => {
    if (line.startsWith('downloading')) clearTimeout(timer);
    listener(`  ${line}`, { transient: true });
  };
  const from = ['--index-url', cpuIndex, '--timeout', '10', '--retries', '0', '--no-deps', `torch==${version}+cpu`];
  const result = await pip(python, ['install', ...from], watch, patience.signal);
  clearTimeout(timer);
  listener(result.exitCode === 0 ? '  done' : '  not reachable from here: taking the usual wheels instead');
  return result.exitCode === 0;
}

function pip(python: string, pipArguments: string[], say: SetupListener, signal?: AbortSignal): Promise<CommandResult> {
  // Compiled ahead, which takes a minute: with PYTHONDONTWRITEBYTECODE or a read-only folder Python would do it at every start.
  const options = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--compile'];
  const onLine = (line: string) => {
    const words = progressWords(line);
    if (words !== undefined) say(words, { transient: true });
  };
  const [command, ...rest] = pipArguments;
  // A machine-wide `user = true` would make pip refuse to install into an environment.
  return runCommand(python, ['-m', 'pip', command!, ...options, ...rest], {
    environment: { PIP_USER: '0' },
    onLine,
    signal,
    guarded: true,
  });
}

/** What of pip's output is worth a line. */
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

/** pip's many words for a few causes, each with what to do. */
export function explainPip(result: CommandResult): ConfigError {
  const { output, exitCode } = result;
  if (/No space left on device|Errno 28/.test(output)) {
    return new ConfigError(
      `no space left while installing the Python packages (about 5 GB with CUDA libraries, and as much again in ${process.env.TMPDIR ?? '/tmp'} for a while): free some, then start again; what is there is kept`,
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
