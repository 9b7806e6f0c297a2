/**
 * Identity of a process. A process id is reused, but not together with the start time. Every file that names a process
 * (`up.json`, locks) carries both, and nothing is ever killed by its id alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** When the process started, in the system's own spelling; only compared for equality. */
  startTime: string;
}

/**
 * Identity of a running process; undefined if there is none. A zombie does not count unless some of its threads still live:
 * until the last one ends, a killed process holds its ports, its files and their locks.
 */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Identity of this very process. */
export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  if (own === undefined) throw new Error(`cannot read the start time of process ${process.pid}`);
  return own;
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startTime === identity.startTime;
}

/** The whole command line, arguments joined by blanks; undefined if the process is gone. */
export function commandLineOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  const raw = readProc(pid, 'cmdline');
  return raw === undefined ? undefined : raw.replaceAll('\0', ' ').trim();
}

/** Sends a signal; false if the process (or group, for a negative id) is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until the process is gone; false if it still runs after `timeoutMs`. */
export async function waitUntilGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(identity)) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

function startTimeFromProc(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // "pid (name) state …": the name may hold blanks and brackets, so fields are counted from the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, ticksSinceBoot] = [fields[0], Number(fields[17]), fields[19]];
  const ended = state === 'X' || (state === 'Z' && threads <= 1);
  return ended ? undefined : `${bootId()}+${ticksSinceBoot}`;
}

/** Distinguishes reboots: start ticks alone repeat after one. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function startTimeFromPs(pid: number): string | undefined {
  if (ps(pid, 'stat=')?.startsWith('Z')) return undefined;
  return ps(pid, 'lstart=');
}

/** One column of `ps` (macOS has no /proc); undefined if there is no such process, which `ps` reports by exit code 1. */
function ps(pid: number, column: string): string | undefined {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    const output = execFileSync('ps', ['-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    });
    return output.trim() || undefined;
  } catch (error) {
    if ((error as { status?: number }).status === 1) return undefined;
    throw error;
  }
}
