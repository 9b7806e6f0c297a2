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

  /** Written at once, so that the last words of a dying child are there; a full disk loses log lines, not the child. */
  append(text: Buffer | string): void {
    if (this.descriptor === undefined) return;
    try {
      this.bytes += writeSync(this.descriptor, typeof text === 'string' ? Buffer.from(text) : text);
      if (this.bytes >= this.limitBytes) this.rotate();
    } catch {
      // Logging is the one thing that may be lost silently: there is no better place to say so.
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
