/** The GPUs of this host, as trainings take them: one each, whatever worker of this user started the training. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../errors';
import type { MachineConfig } from './config';
import { runtimeDirectory } from './paths';
import { runCommand } from './setup/command';
import { hasNvidiaGpu } from './setup/install-packages';
import { tryLock, type FileLock } from './supervision/file-lock';
import { identityOf } from './supervision/process-identity';

const askEveryMs = 300;

/**
 * The GPUs that trainings of this worker may use, by index or UUID: those of `--gpus` or `trainer.gpus`, else those that
 * `CUDA_VISIBLE_DEVICES` shows, else all that the driver knows. Empty without any. Throws `ConfigError` for names that are
 * none, and for one that stands twice.
 */
export async function gpusForTrainings(
  { gpus, device }: MachineConfig['trainer'],
  environment: Record<string, string | undefined> = process.env,
): Promise<string[]> {
  if (device === 'cpu' || device === 'mps') return [];
  const visible = environment.CUDA_VISIBLE_DEVICES;
  const named = gpus ?? visible?.split(',').map((name) => name.trim());
  return named === undefined ? allGpus() : requireGpus(named.filter((name) => name !== ''));
}

function requireGpus(names: string[]): string[] {
  for (const [index, name] of names.entries()) {
    if (!/^(\d+|(GPU|MIG)-[\w/-]+)$/.test(name))
      throw new ConfigError(
        `GPU "${name}" is neither an index (0) nor a UUID (GPU-…), as \`nvidia-smi -L\` lists them`,
      );
    if (names.indexOf(name) < index) throw new ConfigError(`GPU "${name}" is named twice`);
  }
  return names;
}

async function allGpus(): Promise<string[]> {
  if (!hasNvidiaGpu()) return [];
  const query = ['--query-gpu=index', '--format=csv,noheader'];
  const { exitCode, stdout } = await runCommand('nvidia-smi', query, { timeoutMs: 20_000 });
  const found = stdout.split('\n').map((line) => line.trim());
  return exitCode === 0 ? found.filter((index) => /^\d+$/.test(index)) : [];
}

/** A GPU that one training holds. */
export interface HeldGpu {
  name: string;
  /** What a process sees of the host's GPUs: this one. Indices are the driver's, not CUDA's own order by speed. */
  environment: Record<string, string>;
  /** From now on it is held by that process, until the process is gone or `release` is called, and not by this one. */
  handTo(pid: number | undefined): void;
  release(): void;
  /** Others are tried before it from now on. */
  blame(): void;
}

/**
 * Hands out GPUs, one training each. A lock per GPU belongs to the trainer's own process: if a worker is killed, its
 * trainer's GPU is free once the trainer is gone, and not before.
 */
export class GpuPool {
  private readonly faults = new Map<string, number>();

  /** @param directory Of the locks; the same for all workers of a user on this host. */
  constructor(
    readonly gpus: readonly string[],
    private readonly directory = join(runtimeDirectory(), 'gpus'),
  ) {}

  /** Waits until one is free; rejects with the signal's reason. The first GPU is asked last: model servers live there. */
  async take(signal: AbortSignal): Promise<HeldGpu> {
    for (;;) {
      signal.throwIfAborted();
      for (const name of this.inOrder()) {
        const attempt = tryLock(join(this.directory, `${name.replaceAll('/', '_')}.lock`));
        if ('lock' in attempt) return this.held(name, attempt.lock);
      }
      await sleep(askEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  private inOrder(): string[] {
    const faultsOf = (name: string) => this.faults.get(name) ?? 0;
    return [...this.gpus].reverse().sort((left, right) => faultsOf(left) - faultsOf(right));
  }

  private held(name: string, lock: FileLock): HeldGpu {
    return {
      name,
      environment: { CUDA_VISIBLE_DEVICES: name, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
      handTo: (pid) => {
        const owner = pid === undefined ? undefined : identityOf(pid);
        if (owner !== undefined) lock.handTo(owner);
      },
      release: () => lock.release(),
      blame: () => void this.faults.set(name, (this.faults.get(name) ?? 0) + 1),
    };
  }
}
