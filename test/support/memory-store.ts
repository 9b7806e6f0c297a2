/** An artifact store in this process's memory: it has no folders, so nothing can be joined to an address of it. */
import { sha256 } from '../../src/domain/digests';
import { corruptArtifact, missingArtifact } from '../../src/artifacts/damage';
import type { ArtifactReference } from '../../src/contract/run';
import type { ArtifactStore } from '../../src/ports';

export class MemoryArtifactStore implements ArtifactStore {
  readonly artifacts = new Map<string, Buffer>();

  addressOf(key = ''): string {
    return `memory:${key}`;
  }

  async has(key: string): Promise<boolean> {
    return this.artifacts.has(key);
  }

  async read(key: string): Promise<Buffer | undefined> {
    return this.artifacts.get(key);
  }

  async readVerified({ key, sha256: recorded }: ArtifactReference): Promise<Buffer> {
    const bytes = this.artifacts.get(key);
    if (bytes === undefined) throw missingArtifact(key);
    if (sha256(bytes) !== recorded) throw corruptArtifact(key, `recorded was ${recorded}`);
    return bytes;
  }

  async publish(key: string, content: Buffer | string) {
    const created = !this.artifacts.has(key);
    if (created) this.artifacts.set(key, Buffer.from(content));
    const stored = this.artifacts.get(key)!;
    return { created, stored, reference: { key, sha256: sha256(stored) } };
  }

  async checkWritable(): Promise<void> {}

  async writeView(key: string, content: Buffer | string): Promise<void> {
    this.artifacts.set(key, Buffer.from(content));
  }

  async append(key: string, line: string): Promise<boolean> {
    const isFirst = !this.artifacts.has(key);
    this.artifacts.set(key, Buffer.concat([this.artifacts.get(key) ?? Buffer.alloc(0), Buffer.from(line)]));
    return isFirst;
  }

  async remove(key: string): Promise<void> {
    this.artifacts.delete(key);
  }

  async list(prefix: string): Promise<string[]> {
    const below = [...this.artifacts.keys()].filter((key) => key.startsWith(`${prefix}/`));
    const names = below.map((key) => key.slice(prefix.length + 1).split('/')[0]!);
    return [...new Set(names)].map((name) => `${prefix}/${name}`).sort();
  }
}
