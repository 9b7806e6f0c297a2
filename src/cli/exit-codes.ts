/** What a failed command tells its caller: the exit code, and one sentence (a stack only for a bug of ours). */
import { CommanderError } from 'commander';
import { visibleText } from '../visible-text';
import { ConfigError, DatasetError, InvalidRunSpec, MaftError } from '../errors';

export const exitCodes = { ok: 0, failed: 1, badInput: 2 } as const;

export function exitCodeOf(error: unknown): number {
  // --help and --version leave by an error with code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  const isBadInput = error instanceof InvalidRunSpec || error instanceof ConfigError || error instanceof DatasetError;
  return isBadInput ? exitCodes.badInput : exitCodes.failed;
}

/** Makes text quoted from models, files and servers visible, because it goes to a terminal. */
export function explain(error: unknown): string {
  return visibleText(sentenceOf(error));
}

function sentenceOf(error: unknown): string {
  if (error instanceof MaftError) return `maft: ${error.message}`;
  const refusal = temporalRefusal(error);
  if (refusal !== undefined) return `maft: ${refusal}`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `maft: this is a bug, please report it:\n${stack}`;
}

/**
 * Temporal's own errors for a refused request: no such namespace, no permission, connection lost. Recognised by their
 * shape, because the library that defines them takes half a second to load.
 */
function temporalRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const refused = [error, error.cause].find(isServiceError);
  if (refused !== undefined) return `Temporal says: ${refused.details}`;
  return error.name === 'TransportError' ? `Temporal cannot be reached: ${error.message}` : undefined;
}

function isServiceError(error: unknown): error is { code: number; details: string } {
  if (!(error instanceof Error && 'code' in error && 'details' in error)) return false;
  return typeof error.code === 'number' && typeof error.details === 'string';
}
