/** What a number was measured on: without it no number means anything. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export interface MachineFacts {
  cores: number;
  processor: string;
  /** Instruction sets that decide how fast small models compute on a CPU; empty where the system does not say. */
  instructionSets: string[];
  memoryGiB: number;
  node: string;
  platform: string;
  /** One-minute load average before the first benchmark: far above 0, the numbers are of a busy machine. */
  loadBefore: number;
}

const tellingFlags = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16', 'amx_tile'];

export function machineFacts(): MachineFacts {
  const flags = processorFlags();
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    instructionSets: tellingFlags.filter((flag) => flags.has(flag)),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

function processorFlags(): Set<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return new Set(line.trim().split(/\s+/));
  } catch {
    // Not Linux.
    return new Set();
  }
}
