/**
 * Runs a program that does not notice when its parent dies (the Temporal server), and ends it when our own parent is
 * gone: stdin is a pipe from the parent, and its end means that the parent ended, however it did.
 *
 *   node guard.js GRACE_MS PROGRAM [ARGUMENT…]
 *
 * Writes `{"event":"started","pid":…}` as its first line on stdout. The program stays in the guard's process group, so the
 * guard's parent can end both by the group. Exits as the program does.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';

const [graceMs, program, ...programArguments] = process.argv.slice(2);
if (program === undefined || !/^\d+$/.test(graceMs ?? '')) {
  say(2, 'usage: guard.js GRACE_MS PROGRAM [ARGUMENT…]');
  process.exit(2);
}

const child = spawn(program, programArguments, { stdio: ['ignore', 'inherit', 'inherit'] });

child.on('spawn', () => say(1, JSON.stringify({ event: 'started', pid: child.pid })));
child.on('error', (error) => {
  say(2, `${program} cannot be started: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128));

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));

process.stdin.on('end', endProgram).on('error', endProgram).resume();

function endProgram(): void {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), Number(graceMs));
}

/**
 * Not through `process.stdout`: Node would make the pipe non-blocking, for the program too, which shares it, and a program
 * that prints faster than our parent reads would fail (EAGAIN). A parent that is gone is noticed on stdin.
 */
function say(descriptor: 1 | 2, line: string): void {
  try {
    writeSync(descriptor, `${line}\n`);
  } catch {
    endProgram();
  }
}
