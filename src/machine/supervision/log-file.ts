/** A child's output, appended to `$MAFT_HOME/logs/<name>.log`; one older file is kept, so a log never fills a disk. */
import { mkdirSync, openSync, closeSync, writeSync, renameSync, fstatSync } from 'node:fs';
import { dirname } from 'node:path';

const defaultLimitBytes = 10 * 1024 * 1024;

export class LogFile {
  private descriptor: number | undefined;
  private bytes = 0;

  constructor(
    readonly path: string,
    private readonly limitBytes = defaultLimitBytes,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.open();
  }

  /** Writes at once, so the last lines of a dying child are kept; a full disk loses log lines, not the child. */
  append(text: Buffer | string): void {
    if (this.descriptor === undefined) return;
    try {
      this.bytes += writeSync(this.descriptor, typeof text === 'string' ? Buffer.from(text) : text);
      if (this.bytes >= this.limitBytes) this.rotate();
    } catch {
      // Only log lines may be lost silently: there is no better place to report it.
    }
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private open(): void {
    this.descriptor = openSync(this.path, 'a');
    this.bytes = fstatSync(this.descriptor).size;
  }

  private rotate(): void {
    this.close();
    renameSync(this.path, `${this.path}.1`);
    this.open();
  }
}
