/** What a failed command tells its caller: the exit code, and one sentence (a stack only where it is a bug of ours). */
import { CommanderError } from 'commander';
import { ConfigError, DatasetError, InvalidRunSpec, MaftError } from '../errors';

export const exitCodes = { ok: 0, failed: 1, badInput: 2 } as const;

export function exitCodeOf(error: unknown): number {
  // --help and --version leave by an error with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  const isBadInput = error instanceof InvalidRunSpec || error instanceof ConfigError || error instanceof DatasetError;
  return isBadInput ? exitCodes.badInput : exitCodes.failed;
}

export function explain(error: unknown): string {
  if (error instanceof MaftError) return `maft: ${error.message}`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `maft: this is a bug, please report it:\n${stack}`;
}
