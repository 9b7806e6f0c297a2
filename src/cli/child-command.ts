/** A program that takes a command's place: on our terminal, and with its exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ConfigError } from '../errors';

/**
 * The program's exit code, or 128 and the number of the signal that ended it. In our own process group, so Ctrl-C reaches it
 * as if it had been started directly. Throws `ConfigError` where it cannot be started.
 */
export function runToItsEnd(program: string, programArguments: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { stdio: 'inherit', env });
    // It decides itself what a signal means; we only leave with it.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', (error) => reject(new ConfigError(`${program} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
