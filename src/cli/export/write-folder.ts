/** One agent's folder: it appears whole or not at all, and replaces only what an export wrote. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidRunSpec } from '../../errors';
import { isOwnCard } from '../../export/front-matter';

/** Throws `InvalidRunSpec` if one of the folders is there and may not be replaced. */
export function refuseExisting(out: string, { names, overwrite }: { names: string[]; overwrite: boolean }): void {
  for (const folder of names.map((name) => join(out, name)).filter(existsSync)) {
    if (!isExport(folder))
      throw new InvalidRunSpec([`--out: ${folder} holds something else than an export; give a new folder`]);
    if (!overwrite)
      throw new InvalidRunSpec([`--out: ${folder} holds an export already; give --overwrite, or a new folder`]);
  }
}

function isExport(folder: string): boolean {
  const card = join(folder, 'README.md');
  return existsSync(card) && isOwnCard(readFileSync(card, 'utf8'));
}

/** `write` fills an empty folder, which then takes the name; an export that is there already is replaced. */
export async function publishFolder(
  out: string,
  name: string,
  write: (attempt: string) => Promise<void>,
): Promise<void> {
  // Of exports that were killed.
  await removeLeftovers(out, name, (pid) => !isAlive(pid));
  const attempt = join(out, attemptName(name, 'partial'));
  await mkdir(attempt);
  try {
    await write(attempt);
    await putInPlace(attempt, { out, name });
  } finally {
    await removeLeftovers(out, name, (pid) => pid === process.pid);
  }
}

/** Between the two renames the name is missing: a reader finds the old export, nothing, or the new one, never parts. */
async function putInPlace(attempt: string, { out, name }: { out: string; name: string }): Promise<void> {
  const target = join(out, name);
  if (!existsSync(target)) return rename(attempt, target);
  const aside = join(out, attemptName(name, 'replaced'));
  await rename(target, aside);
  try {
    await rename(attempt, target);
  } catch (error) {
    await rename(aside, target);
    throw error;
  }
}

function attemptName(name: string, state: 'partial' | 'replaced'): string {
  return `.${name}.${process.pid}.${state}`;
}

async function removeLeftovers(out: string, name: string, isDoomed: (pid: number) => boolean): Promise<void> {
  const doomed = leftovers(out, name).filter(({ pid }) => isDoomed(pid));
  await Promise.all(doomed.map(({ entry }) => rm(join(out, entry), { recursive: true, force: true })));
}

function leftovers(out: string, name: string): { entry: string; pid: number }[] {
  const prefix = `.${name}.`;
  return readdirSync(out)
    .filter((entry) => entry.startsWith(prefix))
    .map((entry) => ({ entry, pid: Number(/^(\d+)\.(partial|replaced)/.exec(entry.slice(prefix.length))?.[1]) }))
    .filter(({ pid }) => pid > 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
