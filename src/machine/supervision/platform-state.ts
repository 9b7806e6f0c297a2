/**
 * `$MAFT_HOME/up.json`: what is running on this MAFT_HOME, written at every change by the process that runs it. Other
 * commands use it to find the platform; the next platform reuses its ports and, after a crash, ends leftover processes.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { engines, ownEngine, type EngineName } from '../engine-names';
import { commandLineOf, isRunning, signalProcess, waitUntilGone, type ProcessIdentity } from './process-identity';

const identitySchema = z.object({ pid: z.int(), startTime: z.string() });

const stateSchema = z.object({
  version: z.literal(1),
  /** The command that runs the platform. */
  command: z.string(),
  owner: identitySchema,
  state: z.enum(['starting', 'ready', 'stopped']),
  temporalAddress: z.string(),
  /** Of its workflows; older versions did not write it. */
  namespace: z.string().optional(),
  /** MAFT_DATA of its workers; older versions did not write it. */
  data: z.string().optional(),
  uiUrl: z.string().nullable(),
  modelServerUrl: z.string().nullable(),
  model: z.object({ folder: z.string(), name: z.string() }).nullable(),
  /** What serves the model; older versions had `maft` alone. */
  engine: z.enum(engines).default(ownEngine),
  ports: z.object({ temporal: z.int(), temporalUi: z.int(), modelServer: z.int() }).partial(),
  /** Every process started, with a part of its command line to recognise it by. */
  children: z.array(identitySchema.extend({ name: z.string(), marker: z.string() })),
});

export type PlatformState = z.infer<typeof stateSchema>;

export interface RunningPlatform {
  pid: number;
  /** `up`, `demo` or `run`. */
  command: string;
  ready: boolean;
  temporalAddress: string;
  /** Of its workflows; undefined if an older version wrote up.json. */
  namespace: string | undefined;
  /** MAFT_DATA of its workers; undefined if an older version wrote up.json. */
  data: string | undefined;
  uiUrl: string | null;
  modelServerUrl: string | null;
  model: { folder: string; name: string } | null;
  engine: EngineName;
}

function stateFile(maftHome: string): string {
  return join(maftHome, 'up.json');
}

/** The file's content, true or outdated; undefined if the file is missing or unreadable. */
export function readState(maftHome: string): PlatformState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(stateFile(maftHome), 'utf8')));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}

/** Replaces the file by rename, so readers see the old or the new one, never a part. */
export function writeState(maftHome: string, state: PlatformState): void {
  const next = `${stateFile(maftHome)}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(next, stateFile(maftHome));
}

/** The platform running on this MAFT_HOME, verified by process id and start time; undefined if there is none. */
export function findRunningPlatform(maftHome: string): RunningPlatform | undefined {
  const state = readState(maftHome);
  if (state === undefined || state.state === 'stopped' || !isRunning(state.owner)) return undefined;
  const { temporalAddress, namespace, data, uiUrl, modelServerUrl, model, engine, command } = state;
  return {
    pid: state.owner.pid,
    command,
    ready: state.state === 'ready',
    temporalAddress,
    namespace,
    data,
    uiUrl,
    modelServerUrl,
    model,
    engine,
  };
}

/**
 * Ends processes of a platform whose owner is gone. Each is verified by start time and command line before any signal,
 * because the id in an old file may belong to another process by now. Returns the names of the processes it ended.
 */
export async function endLeftovers(state: PlatformState): Promise<string[]> {
  const alive = state.children.filter((child) => isRunning(child) && isOurs(child));
  for (const child of alive) signalProcess(child.pid, 'SIGTERM');
  await Promise.all(alive.map(endWithin));
  return alive.map((child) => child.name);
}

const leftoverGraceMs = 5_000;

async function endWithin(child: ProcessIdentity): Promise<void> {
  if (await waitUntilGone(child, leftoverGraceMs)) return;
  signalProcess(child.pid, 'SIGKILL');
  await waitUntilGone(child, leftoverGraceMs);
}

function isOurs(child: { pid: number; marker: string }): boolean {
  return commandLineOf(child.pid)?.includes(child.marker) ?? false;
}
