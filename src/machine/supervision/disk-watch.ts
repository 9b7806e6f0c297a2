/**
 * Watches the free space of a platform's folders and warns before it runs out. Temporal's database and the store may share
 * a disk, and a full one accepts no signals, so runs are paused while it still does.
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '../setup/progress';

/** Free space of the file system that holds a folder, in bytes. */
export interface DiskSpace {
  folder: string;
  /** For this user: space reserved for root is not free. */
  freeBytes: number;
  totalBytes: number;
}

export type ReadSpace = (folder: string) => Promise<DiskSpace>;

export interface DiskLimits {
  /** Folders, or addresses of other stores, which are left out. */
  folders: readonly string[];
  /** Undefined: the smaller of 1 GB and 2 % of the file system. */
  marginBytes: number | undefined;
  /** Replaced in tests. */
  free?: ReadSpace;
}

export interface DiskWatchOptions extends DiskLimits {
  say: (line: string) => void;
  /**
   * Pauses the open runs that are not in `known` and returns their workflow ids. Undefined with the
   * user's own Temporal server: its runs may be on other machines, with other disks.
   */
  pause: ((reason: string, known: ReadonlySet<string>) => Promise<string[]>) | undefined;
  everyMs?: number;
}

const usualEveryMs = 15_000;

/** Enough space again, in margins: without the gap, a disk on the edge would pause runs every few seconds. */
const enoughMargins = 1.25;

/** Space of the file system that a folder is on, or will be on once it is made. Throws what statfs(2) says. */
export async function freeSpace(folder: string): Promise<DiskSpace> {
  for (let existing = folder; ; existing = dirname(existing)) {
    try {
      const { bavail, blocks, bsize } = await statfs(existing);
      return { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || existing === dirname(existing)) throw error;
    }
  }
}

function marginOf({ totalBytes }: DiskSpace, marginBytes: number | undefined): number {
  return marginBytes ?? Math.min(1e9, 0.02 * totalBytes);
}

/** Free space of each folder, except those whose file system does not report it. */
async function spaces({ folders, free = freeSpace }: DiskLimits): Promise<DiskSpace[]> {
  const local = [...new Set(folders)].filter((folder) => !folder.includes('://'));
  const found = await Promise.all(local.map((folder) => free(folder).catch(() => undefined)));
  // Some network file systems answer 0 of 0.
  return found.filter((space) => space !== undefined).filter(({ totalBytes }) => totalBytes > 0);
}

function describeLow(space: DiskSpace, marginBytes: number | undefined): string {
  const margin = formatBytes(marginOf(space, marginBytes));
  return `disk: ${formatBytes(space.freeBytes)} free in ${space.folder}, below the margin of ${margin}; free some space`;
}

/** A sentence for each folder whose file system has less free than the margin; empty if all have enough. */
export async function lowDisks(limits: DiskLimits): Promise<string[]> {
  const { marginBytes } = limits;
  const low = (await spaces(limits)).filter((space) => space.freeBytes < marginOf(space, marginBytes));
  return low.map((space) => describeLow(space, marginBytes));
}

export class DiskWatch {
  /** Folders reported as low and not yet as having enough again. */
  private readonly low = new Set<string>();
  /** Workflow ids of runs that were paused since all folders had enough. People may resume them: once is enough. */
  private readonly paused = new Set<string>();
  private failure = '';
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  constructor(private readonly options: DiskWatchOptions) {}

  /** Checks now, and then every 15 s until `stop`. */
  start(): void {
    const next = () => {
      if (!this.isOver) this.timer = setTimeout(() => this.start(), this.options.everyMs ?? usualEveryMs);
    };
    void this.check().then(next);
  }

  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  /** One look at all folders; never throws. */
  async check(): Promise<void> {
    const { marginBytes } = this.options;
    const found = await spaces(this.options);
    if (this.isOver) return;
    for (const space of found) this.tellChange(space, marginOf(space, marginBytes));
    if (this.low.size === 0) this.paused.clear();
    const [worst] = found
      .filter((space) => space.freeBytes < marginOf(space, marginBytes))
      .sort((left, right) => left.freeBytes - right.freeBytes);
    if (worst !== undefined) await this.pauseRuns(`${describeLow(worst, marginBytes)}, then resume`);
  }

  private tellChange(space: DiskSpace, margin: number): void {
    const { folder, freeBytes } = space;
    if (!this.low.has(folder) && freeBytes < margin) {
      this.low.add(folder);
      this.options.say(describeLow(space, this.options.marginBytes));
    } else if (this.low.has(folder) && freeBytes >= enoughMargins * margin) {
      this.low.delete(folder);
      this.options.say(`disk: ${formatBytes(freeBytes)} free in ${folder}, enough again${this.resumeAdvice()}`);
    }
  }

  private resumeAdvice(): string {
    return this.paused.size === 0 ? '' : `; resume what was paused: ${[...this.paused].join(', ')}`;
  }

  /** Runs that are started while space is low are paused at a later look. */
  private async pauseRuns(reason: string): Promise<void> {
    if (this.options.pause === undefined) return;
    try {
      const asked = await this.options.pause(reason, this.paused);
      for (const workflowId of asked) this.paused.add(workflowId);
      this.failure = '';
      if (asked.length > 0) this.options.say(`paused while the disk takes it: ${asked.join(', ')}`);
    } catch (error) {
      // A server that is being restarted is asked again at the next check; the same reason is reported once.
      const { message } = error as Error;
      if (message !== this.failure && !this.isOver)
        this.options.say(`open runs could not be paused, tried again until they are: ${message}`);
      this.failure = message;
    }
  }
}
