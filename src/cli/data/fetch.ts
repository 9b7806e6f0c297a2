/** Downloads a public data set below MAFT_DATA; a file whose digest is not the published one is not kept. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ConfigError } from '../../errors';
import { runCommand } from '../../machine/setup/command';
import { download } from '../../machine/setup/download';
import { formatBytes, withProgress, type SetupListener } from '../../machine/setup/progress';
import { digestOfFile } from '../../tasks/data-files';
import type { PublicData } from '../../tasks/kinds/all';
import type { PublicFile } from '../../tasks/kinds/definition';

export interface FetchTarget {
  /** As a specification would name it. */
  path: string;
  dataDirectory: string;
}

/** Leaves an existing folder as it is. Throws `ConfigError`, which says where to get the data by hand. */
export async function fetchData(data: PublicData, target: FetchTarget, listener: SetupListener): Promise<void> {
  const folder = resolve(target.dataDirectory, target.path);
  if (existsSync(folder)) return listener(`${folder} is there already: nothing is fetched`);
  // Under a temporary name until it is complete: a torn download never looks like a data set.
  const work = `${folder}.fetching-${randomUUID().slice(0, 8)}`;
  try {
    await mkdir(work, { recursive: true });
    for (const file of data.files) await fetchFile(file, work, listener);
    await rename(work, folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof ConfigError) && code === undefined) throw error;
    const reason = error instanceof ConfigError ? error.message : `${folder} cannot be written (${code})`;
    throw new ConfigError(`${reason}. ${byHand(data, folder)}`);
  } finally {
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function fetchFile(
  { url, name, sha256, bytes }: PublicFile,
  folder: string,
  listener: SetupListener,
): Promise<void> {
  const file = join(folder, name);
  await withProgress(listener, `fetching ${url} (${formatBytes(bytes)})`, async (say) => {
    await download(url, file, say).catch((error: unknown) => {
      throw error instanceof ConfigError ? new ConfigError(`${url}: ${error.message}`) : error;
    });
    const found = await digestOfFile(file);
    if (found !== sha256) throw new ConfigError(`${url} gave something else than was published (SHA-256 ${found})`);
    if (!name.endsWith('.tar')) return;
    say(`unpacking ${name}`);
    const unpacked = await runCommand('tar', ['-xf', file, '-C', folder, '--strip-components=1']);
    if (unpacked.exitCode !== 0)
      throw new ConfigError(`tar cannot unpack ${basename(file)}: ${unpacked.output.trim()}`);
    await rm(file);
  });
}

function byHand({ title, files, expected, homepage, notice }: PublicData, folder: string): string {
  const known = notice === undefined ? '' : `Of ${title.split(' ')[0]} is known: ${notice}. `;
  return `${known}Get ${files.map(({ url }) => url).join(' and ')} (or see ${homepage}) elsewhere, and put into ${folder}: ${expected}`;
}
