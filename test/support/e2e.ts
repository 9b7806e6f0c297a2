/**
 * Drives the built program as its users do: `maft` commands, `maft up`, the `temporal` CLI. Every process of a MAFT_HOME is
 * found by its environment, so that a test can kill all of them at once and see that none is left.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandLineScript } from '../../src/machine/paths';
import { findRunningPlatform } from '../../src/machine/supervision/platform-state';

export interface Finished {
  /** Null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command that was started; its output is collected while it runs. */
export class Command {
  stdout = '';
  stderr = '';
  readonly finished: Promise<Finished>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.finished = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

export interface FoundProcess {
  pid: number;
  commandLine: string;
}

/** A default profile for another cluster, as somebody may have: nothing of ours uses it. */
const foreignProfile = 'temporal.toml';

/** Everything the program does in one MAFT_HOME of its own below the temporary folder. */
export class Home {
  readonly folder: string;
  private lastUp: Command | undefined;

  /**
   * @param folder Default: one of its own below the temporary folder.
   * @param script Of the command line; default: that of the checkout.
   */
  constructor(
    name: string,
    folder?: string,
    private readonly script = commandLineScript(),
  ) {
    if (!existsSync(script)) {
      throw new Error(`${script} does not exist: run \`npm run build\` before the end-to-end tests`);
    }
    this.folder = folder ?? mkdtempSync(path.join(tmpdir(), `maft-e2e-${name}-`));
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.path(foreignProfile), '[profile.default]\naddress = "192.0.2.1:7233"\napi_key = "for others"\n');
  }

  /** Starts `maft …`. Runs in the home's folder, so that nothing of the checkout is used by accident. */
  start(maftArguments: string[], environment: Record<string, string> = {}): Command {
    const env = { ...this.environment(), TEMPORAL_CONFIG_FILE: this.path(foreignProfile), ...environment };
    return new Command(spawn(process.execPath, [this.script, ...maftArguments], { cwd: this.folder, env }));
  }

  run(maftArguments: string[], environment?: Record<string, string>): Promise<Finished> {
    return this.start(maftArguments, environment).finished;
  }

  /** Starts `maft up` and waits until it is ready. */
  async up(): Promise<Command> {
    const up = this.start(['up']);
    this.lastUp = up;
    await until('maft up is ready', () => {
      if (!up.running) throw new Error(`maft up ended: ${up.stdout}\n${up.stderr}`);
      const found = findRunningPlatform(this.folder);
      // The one before may have been killed a moment ago and not be gone yet.
      return found?.pid === up.pid && found.ready;
    });
    return up;
  }

  /** Runs the Temporal CLI against the server of `maft up`. */
  tryTemporal(cliArguments: string[]): Promise<Finished> {
    const address = findRunningPlatform(this.folder)?.temporalAddress ?? '';
    const program = process.env.MAFT_TEST_TEMPORAL_CLI ?? 'temporal';
    const options = { cwd: this.folder, env: this.environment() };
    return new Command(spawn(program, [...cliArguments, '--address', address], options)).finished;
  }

  /** As `tryTemporal`, where it has to succeed; returns what it printed. */
  async temporal(...cliArguments: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryTemporal(cliArguments);
    if (code === 0) return stdout;
    const { running = false, stderr: said = '' } = this.lastUp ?? {};
    const up = `maft up ${running ? 'runs' : 'has ended'}; the last it said: ${said.slice(-2_000)}`;
    throw new Error(`temporal ${cliArguments.join(' ')} ended with ${code}: ${stdout}\n${stderr}\n${up}`);
  }

  /** Writes a file into the home's folder and returns its name there. */
  write(name: string, content: object): string {
    writeFileSync(path.join(this.folder, name), JSON.stringify(content, undefined, 2));
    return name;
  }

  path(...segments: string[]): string {
    return path.join(this.folder, ...segments);
  }

  /** Files below a folder of the home, as paths relative to it; none where it does not exist. */
  files(folder: string): string[] {
    const root = this.path(folder);
    if (!existsSync(root)) return [];
    const entries = readdirSync(root, { recursive: true }) as string[];
    return entries.filter((entry) => statSync(path.join(root, entry), { throwIfNoEntry: false })?.isFile()).sort();
  }

  /** Living processes that were started with this MAFT_HOME, however they are related to us (Linux only). */
  processes(): FoundProcess[] {
    const variable = `MAFT_HOME=${this.folder}\0`;
    const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return numbers.flatMap((number) => {
      // A zombie has no environment any more, so it is not found.
      if (!readProcess(number, 'environ').includes(variable)) return [];
      return [{ pid: Number(number), commandLine: readProcess(number, 'cmdline').replaceAll('\0', ' ').trim() }];
    });
  }

  processesOf(part: string): FoundProcess[] {
    return this.processes().filter(({ commandLine }) => commandLine.includes(part));
  }

  /** `kill -9` of everything at once, as a power cut would; returns what was killed. */
  killEverything(): FoundProcess[] {
    const found = this.processes();
    // Held first, so that none sees another one die.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const { pid } of found) kill(pid, signal);
    return found;
  }

  /** Requests that the model server has answered with a completion since it started. */
  async completionsServed(): Promise<number> {
    const response = await fetch(`${findRunningPlatform(this.folder)?.modelServerUrl}/metrics`);
    const sample = /^maft_requests_total\{route="\/v1\/chat\/completions",status="200"\} (\S+)$/m;
    return Number(sample.exec(await response.text())?.[1] ?? 0);
  }

  /** Ends whatever a failed test left running, and removes the folder. */
  async destroy(): Promise<void> {
    await until('all processes are gone', () => this.killEverything().length === 0);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The tests' own environment without what would lead the program elsewhere than to this home. */
  private environment(): Record<string, string | undefined> {
    const foreign = /^(MAFT_(?!PYTHON$|DATA$)|TEMPORAL_|JEST_|NODE_OPTIONS$)/;
    const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    const program = process.env.MAFT_TEST_TEMPORAL_CLI;
    return {
      ...Object.fromEntries(inherited),
      MAFT_HOME: this.folder,
      // Beside a package there is no `.venv`.
      ...(this.script === commandLineScript() ? {} : { MAFT_PYTHON: process.env.MAFT_TEST_PYTHON }),
      ...(program === undefined ? {} : { MAFT_TEMPORAL: program }),
    };
  }
}

/** Changes one bit in the middle of a file. */
export function flipByte(file: string): void {
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 1;
  writeFileSync(file, bytes);
}

export function kill(pid: number, signal: 'SIGSTOP' | 'SIGKILL' = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Asks every 100 ms until it holds: looking costs the machine what it is waiting for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinSeconds = 600): Promise<void> {
  const deadline = Date.now() + withinSeconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinSeconds} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function readProcess(number: string, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${number}/${file}`, 'utf8');
  } catch (error) {
    // Gone meanwhile, or another user's.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
