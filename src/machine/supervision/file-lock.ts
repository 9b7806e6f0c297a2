/**
 * A lock that survives `kill -9` of its owner: a file naming a process, created by link(2). The lock of a dead process is
 * taken over, so nothing needs removing by hand. Works on one machine only: another one cannot see the owner's process.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../../errors';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity';

export interface FileLock {
  /** Makes a living process the owner in place of this one. */
  handTo(owner: ProcessIdentity): void;
  /** Does nothing if somebody else has taken the lock over meanwhile. */
  release(): void;
}

export type LockAttempt = { lock: FileLock } | { owner: ProcessIdentity };

/** A stale lock is taken over at the first or second try; a file that is still there after this many is not our lock. */
const mostTries = 20;

/**
 * Takes the lock, or says which living process has it. File system errors (read-only, no space) pass through. Throws
 * `ConfigError` if something else is in the lock's place, or its folder belongs to another user.
 */
export function tryLock(file: string): LockAttempt {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  requireOwnFolder(dirname(file));
  const mine = `${file}.${randomUUID()}`;
  writeFileSync(mine, JSON.stringify(ownIdentity()));
  try {
    for (let tries = 0; tries < mostTries; tries += 1) {
      if (createIfAbsent(mine, file)) return { lock: heldLock(file) };
      const seen = readLock(file);
      const owner = seen === undefined ? undefined : parseOwner(seen);
      if (owner !== undefined && isRunning(owner)) return { owner };
      if (seen !== undefined) removeStale(file, seen);
    }
    throw new ConfigError(`${file} cannot be made a lock: remove what is there`);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** The folder's owner can put anything in a lock's place, so it must be this user or root. Root may use any folder. */
function requireOwnFolder(folder: string): void {
  const user = process.getuid?.();
  const { uid } = statSync(folder);
  if (user === undefined || user === 0 || uid === user || uid === 0) return;
  throw new ConfigError(`${folder} belongs to another user (${uid}): no lock is taken there`);
}

/** Waits for the lock; calls `onWait` once with its holder. */
export async function waitForLock(file: string, onWait: (owner: ProcessIdentity) => void): Promise<FileLock> {
  for (let attempt = 0; ; attempt += 1) {
    const result = tryLock(file);
    if ('lock' in result) return result.lock;
    if (attempt === 0) onWait(result.owner);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function createIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined for a torn file: its writer died before it could own anything. */
function parseOwner(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' && typeof value.startTime === 'string'
      ? (value as ProcessIdentity)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Two processes may find the same stale lock. Renaming it away is atomic; a process that finds anything but the stale text
 * in the renamed file has caught the new lock of a faster third process and puts it back.
 */
function removeStale(file: string, staleText: string): void {
  const aside = `${file}.stale-${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== staleText) createIfAbsent(aside, file);
  rmSync(aside, { force: true });
}

function heldLock(file: string): FileLock {
  let owner = ownIdentity();
  return {
    handTo(next) {
      const written = `${file}.${randomUUID()}`;
      writeFileSync(written, JSON.stringify(next));
      renameSync(written, file);
      owner = next;
    },
    release() {
      const written = parseOwner(readLock(file) ?? '');
      if (written?.pid === owner.pid && written.startTime === owner.startTime) rmSync(file, { force: true });
    },
  };
}
