/** JSON lines of our own making: one object a line, a newline behind each. */
import type { ArtifactReference } from '../contract/run';
import { sha256 } from '../domain/digests';
import { amendedKey } from '../domain/keys';
import type { ArtifactStore } from '../ports';

/** Parses them; the file's digest has been checked before, so a line that does not parse is a bug. */
export function parseLines<Line>(bytes: Buffer): Line[] {
  const lines = bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

export function formatLines(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/**
 * Publishes them, and returns where they are: at the key, or beside it where an attempt that died before anything referred to
 * its file has left other lines there.
 */
export async function publishLines(
  store: ArtifactStore,
  key: string,
  lines: readonly object[],
): Promise<ArtifactReference> {
  const content = Buffer.from(formatLines(lines));
  const { stored, reference } = await store.publish(key, content);
  if (stored.equals(content)) return reference;
  return (await store.publish(amendedKey(key, sha256(content)), content)).reference;
}
