/** Drives `platform-process.cjs` from a test: start, wait for events, kill, and make sure nothing is left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readState } from '../../../src/machine/supervision/platform-state';
import { isRunning, type ProcessIdentity } from '../../../src/machine/supervision/process-identity';

export interface HostSettings {
  maftHome: string;
  temporal?: string;
  standInTemporal?: boolean;
  ports?: Record<string, number>;
}

export interface HostEvent {
  process: string;
  state: string;
  message?: string;
  pid?: number;
  [other: string]: unknown;
}

export class PlatformHost {
  readonly events: HostEvent[] = [];
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly settings: HostSettings) {
    const script = join(__dirname, 'platform-process.cjs');
    this.child = spawn(process.execPath, [script, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.events.push(JSON.parse(line) as HostEvent);
      this.wakeAll();
    });
    this.child.once('exit', () => this.wakeAll());
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The first event from `from` on (an index into `events`) that matches; waits for it. */
  async event(process: string, state: string, from = 0): Promise<HostEvent> {
    for (;;) {
      const found = this.events.slice(from).find((event) => event.process === process && event.state === state);
      if (found !== undefined) return found;
      const failed = this.events.slice(from).find((event) => event.process === 'host' && event.state === 'failed');
      if (failed !== undefined) throw new Error(`no event ${process} ${state}, but: ${failed.message}`);
      if (this.child.exitCode !== null)
        throw new Error(`no event ${process} ${state} before the platform's process ended`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.waiting.delete(wake);
          resolve();
        };
        this.waiting.add(wake);
      });
    }
  }

  /** Processes it has now, by the name of the child (guard and Temporal server are both `temporal`). */
  children(): (ProcessIdentity & { name: string })[] {
    return readState(this.settings.maftHome)?.children.filter(isRunning) ?? [];
  }

  childrenNamed(name: string): ProcessIdentity[] {
    return this.children().filter((child) => child.name === name);
  }

  async signal(signal: NodeJS.Signals): Promise<number | null> {
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }

  private wakeAll(): void {
    for (const wake of this.waiting) wake();
  }

  /** For `afterEach`: whatever the test did, no process stays. */
  destroy(): void {
    const children = this.children();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    for (const { pid } of children) process.kill(pid, 'SIGKILL');
  }
}
