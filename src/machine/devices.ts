/** What models can be put into on this machine. */
import { availableParallelism, totalmem } from 'node:os';
import type { Devices } from '../domain/fit';
import type { MachineConfig } from './config';
import { runCommand } from './setup/command';
import { hasNvidiaGpu } from './setup/install-packages';

/** Its NVIDIA GPUs by what their driver says; without them, or if it says nothing, the main memory. */
export async function devicesHere({ trainer }: Pick<MachineConfig, 'trainer'>): Promise<Devices> {
  const mainMemory: Devices = {
    kind: 'cpu',
    memory: [totalmem()],
    trainings: trainer.slots ?? availableParallelism(),
  };
  if (!hasNvidiaGpu()) return mainMemory;
  const query = ['--query-gpu=memory.total', '--format=csv,noheader,nounits'];
  const { exitCode, stdout } = await runCommand('nvidia-smi', query, { timeoutMs: 20_000 });
  const memory = stdout.trim().split('\n').map(Number);
  if (exitCode !== 0 || !memory.every((mebibytes) => mebibytes > 0)) return mainMemory;
  return { kind: 'gpu', memory: memory.map((mebibytes) => mebibytes * 2 ** 20), trainings: trainer.slots ?? 1 };
}
