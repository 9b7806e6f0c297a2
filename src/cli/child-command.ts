/** Runs a program in place of a command: on our terminal, and with its exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ConfigError } from '../errors';

/**
 * Returns the program's exit code, or 128 plus the number of the signal that ended it. It runs in our process group, so
 * Ctrl-C reaches it as if it had been started directly. Throws `ConfigError` if it cannot be started.
 */
export function runToItsEnd(program: string, programArguments: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { stdio: 'inherit', env });
    // The program decides what a signal means; we end when it ends.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', (error) => reject(new ConfigError(`${program} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
