/** Installs the pinned packages into an environment, with uv if available, else with pip, and reports progress. */
import { existsSync } from 'node:fs';
import { ConfigError } from '../../errors';
import { pythonLines } from '../python-start';
import { torchCpuIndex } from './download';
import { runCommand } from './command';
import { explainPip, runPip } from './pip';
import { withProgress, type SetupListener } from './progress';
import { cudaRequirements, requirementsFiles } from './requirements';
import { installWithUv } from './uv';

/** What an environment is made for. */
export interface PackageSet {
  /** Names the packages, in progress and errors. */
  title: string;
  /** Python statements that import the slow ones. */
  imports: string;
  /** Bytes on disk, downloads apart. @param smallTorch With the CPU-only wheel of torch. */
  bytes: (smallTorch: boolean) => number;
  /** Size, download and time in words, as `bytes`. */
  size: (smallTorch: boolean) => string;
  /** What to do instead, where the packages cannot be installed. */
  instead: string;
}

export const ownPackages: PackageSet = {
  title: 'the Python packages',
  imports: 'import torch, peft, starlette, pydantic, math_verify; from transformers import AutoModelForCausalLM',
  bytes: (smallTorch) => (smallTorch ? 2e9 : 7e9),
  size: (smallTorch) =>
    smallTorch
      ? 'about 1 GB on disk, a minute or two'
      : 'about 5 GB on disk with the CUDA libraries of torch (3 GB to download), a few minutes',
  instead: 'set MAFT_PYTHON to a Python that has them',
};

export interface Installation {
  /** The environment's own Python. */
  python: string;
  packages: PackageSet;
  requirementsFile: string;
  /** The pinned version of torch, if the file has one and it is not installed yet. */
  missingTorch: string | undefined;
  listener: SetupListener;
  /** Replaced in tests. */
  cpuIndex?: string;
}

/** A connection that has brought nothing for this long is given up: a firewall may drop packets without an answer. */
const cpuIndexPatienceMs = 20_000;

export async function installRequirements(installation: Installation): Promise<void> {
  const { python, packages, requirementsFile, missingTorch, listener } = installation;
  const smallTorch = missingTorch !== undefined && wantsCpuWheel() && (await tryCpuTorch(installation, missingTorch));
  const size = missingTorch === undefined ? '' : `: ${packages.size(smallTorch || process.platform === 'darwin')}`;
  const title = `Installing ${packages.title} of ${requirementsFile}${size}`;
  const files = requirementsFiles(requirementsFile).filter(
    (file) => !smallTorch || file !== cudaRequirements(requirementsFile),
  );
  await withProgress(listener, title, async (say) => {
    if (!(await installWithUv({ python, files, say }))) await installWithPip(python, files, say);
    if (missingTorch !== undefined) await warmUp(installation, say);
  });
}

/** The files pin everything, so nothing is resolved; if they carry hashes, pip refuses packages without one. */
async function installWithPip(python: string, files: string[], say: SetupListener): Promise<void> {
  const requirements = files.flatMap((file) => ['-r', file]);
  const result = await runPip(python, ['install', '--no-deps', ...requirements], say);
  if (result.exitCode !== 0) throw explainPip(result);
}

/**
 * Imports the slow packages once, which compiles them in seconds. Compiling all packages ahead takes two cores a minute, and
 * children that start together would each compile them anew.
 */
async function warmUp({ python, packages }: Installation, say: SetupListener): Promise<void> {
  say('importing them for the first time');
  const environment = { PYTHONDONTWRITEBYTECODE: '' };
  const result = await runCommand(python, pythonLines(packages.imports), { environment, guarded: true });
  if (result.exitCode === 0) return;
  const words = result.output.trim().split('\n').at(-1) ?? '';
  throw new ConfigError(`${packages.title} were installed, and cannot be imported: ${words}`);
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

/** Bytes that an installation may take: which torch it gets is not known before it is asked for. */
export function neededBytes(packages: PackageSet): number {
  return packages.bytes(wantsCpuWheel() || process.platform === 'darwin');
}

/** Installs torch alone from PyTorch's CPU index; false if that is unreachable, which costs seconds and loses nothing. */
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
  const result = await runPip(python, ['install', ...from], watch, patience.signal);
  clearTimeout(timer);
  listener(result.exitCode === 0 ? '  done' : '  not reachable from here: taking the usual wheels instead');
  return result.exitCode === 0;
}
