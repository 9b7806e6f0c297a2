/**
 * The artifact store on a file system: write-once files under keys.
 *
 * An attempt writes under its own name and publishes with `link(2)`, which fails if the key exists: two attempts,
 * even a stale one that wakes up, can waste work but never change a result. A folder is published by one rename onto a
 * missing name. Half-written files stay under `<root>/.attempts`, where nothing looks for results.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  appendFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactReference } from '../contract/run';
import { sha256 } from '../domain/digests';
import { ArtifactError } from '../errors';
import type { ArtifactStore, LocalFolders } from '../ports';
import { corruptArtifact, missingArtifact } from './damage';
import { hasCode, storageError } from './storage-error';

/** The size of a usual completion: a disk that takes this much takes an answer. */
const checkedBytes = 64 * 1024;

export class FileArtifactStore implements ArtifactStore, LocalFolders {
  /** @param root Absolute path of the store's folder; created on first use. */
  constructor(private readonly root: string) {}

  addressOf(key?: string): string {
    return key === undefined ? this.root : this.resolve(key);
  }

  async has(key: string): Promise<boolean> {
    const file = this.resolve(key);
    return exists(file).catch((error: unknown) => {
      throw storageError(key, 'cannot be read', error);
    });
  }

  async read(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.resolve(key));
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
      throw storageError(key, 'cannot be read', error);
    }
  }

  async readVerified(reference: ArtifactReference): Promise<Buffer> {
    const bytes = await this.read(reference.key);
    if (bytes === undefined) throw missingArtifact(reference.key);
    const found = sha256(bytes);
    if (found === reference.sha256) return bytes;
    throw corruptArtifact(reference.key, `its SHA-256 is ${found}, recorded was ${reference.sha256}`);
  }

  async publish(key: string, content: Buffer | string) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    const attempt = await this.writeAttempt(key, bytes);
    try {
      await makeFolder(path.dirname(this.resolve(key)));
      await link(attempt, this.resolve(key));
      return { created: true, stored: bytes, reference: { key, sha256: sha256(bytes) } };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw storageError(key, 'cannot be published', error);
      const stored = await readFile(this.resolve(key));
      return { created: false, stored, reference: { key, sha256: sha256(stored) } };
    } finally {
      await rm(attempt, { force: true });
    }
  }

  async checkWritable(key: string): Promise<void> {
    const attempt = await this.writeAttempt(key, Buffer.alloc(checkedBytes));
    try {
      const folder = path.dirname(this.resolve(key));
      await makeFolder(folder);
      await access(folder, constants.W_OK);
      // Publishing is a hard link, which not every file system has.
      await link(attempt, `${attempt}.link`);
    } catch (error) {
      throw storageError(key, 'cannot be published', error);
    } finally {
      await Promise.all([attempt, `${attempt}.link`].map((file) => rm(file, { force: true })));
    }
  }

  async writeView(key: string, content: Buffer | string): Promise<void> {
    const attempt = await this.writeAttempt(key, Buffer.from(content));
    try {
      await makeFolder(path.dirname(this.resolve(key)));
      await rename(attempt, this.resolve(key));
    } catch (error) {
      throw storageError(key, 'cannot be written', error);
    }
  }

  async append(key: string, line: string): Promise<boolean> {
    const file = this.resolve(key);
    const begin = () => writeFile(file, line, { flag: 'ax' }).then(() => true);
    const beginInNewFolder = () => makeFolder(path.dirname(file)).then(begin);
    const goOn = () => appendFile(file, line).then(() => false);
    try {
      return await begin().catch((error: unknown) => {
        if (hasCode(error, 'EEXIST')) return goOn();
        if (hasCode(error, 'ENOENT')) return beginInNewFolder();
        throw error;
      });
    } catch (error) {
      throw storageError(key, 'cannot be written', error);
    }
  }

  async remove(key: string): Promise<void> {
    await unlink(this.resolve(key)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw storageError(key, 'cannot be removed', error);
    });
  }

  async list(prefix: string): Promise<string[]> {
    try {
      const entries = await readdir(this.resolve(prefix), { withFileTypes: true });
      return entries.map((entry) => `${prefix}/${entry.name}`).sort();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw storageError(prefix, 'cannot be listed', error);
    }
  }

  async publishDirectory(localDirectory: string, key: string): Promise<boolean> {
    const target = this.resolve(key);
    try {
      await makeFolder(path.dirname(target));
      if (await exists(target)) return false;
      // rename(2) replaces an *empty* target only; a published folder is never empty, so a second one fails here.
      await rename(localDirectory, target);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) return false;
      throw storageError(key, 'cannot be published', error);
    }
  }

  async localPath(key: string): Promise<string> {
    if (!(await this.has(key))) throw missingArtifact(key);
    return this.resolve(key);
  }

  async workDirectory(name: string): Promise<string> {
    const directory = this.resolve(workKey(name));
    try {
      await makeFolder(directory);
    } catch (error) {
      throw storageError(workKey(name), 'cannot be created', error);
    }
    return directory;
  }

  async removeWork(name: string): Promise<void> {
    await rm(this.resolve(workKey(name)), { recursive: true, force: true });
  }

  /** Removes files of dead attempts, older than a day. What cannot be removed stays: it does no harm. */
  async sweepAttempts(now: Date): Promise<void> {
    const folder = path.join(this.root, '.attempts');
    for (const entry of await readdir(folder).catch(() => [])) {
      const file = path.join(folder, entry);
      // Another worker may sweep at the same time, or the file's attempt may just have ended.
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Infinity }));
      if (now.getTime() - mtimeMs > 24 * 3600 * 1000) await rm(file, { force: true }).catch(() => undefined);
    }
  }

  private resolve(key: string): string {
    const resolved = path.resolve(this.root, key);
    if (!resolved.startsWith(path.resolve(this.root) + path.sep)) {
      throw new ArtifactError('is not a key: it leaves the store', key);
    }
    return resolved;
  }

  private async writeAttempt(key: string, bytes: Buffer): Promise<string> {
    const folder = path.join(this.root, '.attempts');
    const attempt = path.join(folder, randomUUID());
    try {
      await makeFolder(folder);
      // No fsync: a torn file after a power cut is found by its digest and named, at a tenth of the cost per turn.
      const file = await open(attempt, 'wx');
      try {
        await file.writeFile(bytes);
      } finally {
        await file.close();
      }
      return attempt;
    } catch (error) {
      await rm(attempt, { force: true }).catch(() => undefined);
      throw storageError(key, 'cannot be written', error);
    }
  }
}

function workKey(name: string): string {
  return `.work/${name}`;
}

/** Makes a folder and those above it. On a read-only disk Node's recursive mkdir says ENOENT; this says what is wrong. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    let existing = path.dirname(folder);
    while (!(await exists(existing))) existing = path.dirname(existing);
    await access(existing, constants.W_OK);
    throw error;
  }
}

/** False only if the file is known to be absent: an unreadable folder or a stale mount is an error. */
async function exists(file: string): Promise<boolean> {
  try {
    await access(file, constants.F_OK);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}
