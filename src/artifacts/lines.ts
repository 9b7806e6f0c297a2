/** JSON lines of our own making: one object a line, a newline behind each. */
import type { ArtifactReference } from '../contract/run';
import { sha256 } from '../domain/digests';
import { amendedKey } from '../domain/keys';
import type { ArtifactStore } from '../ports';
import { corruptArtifact } from './damage';

/** Parses them; the file's digest has been checked before, so a line that does not parse is a bug. */
export function parseLines<Line>(bytes: Buffer): Line[] {
  const lines = bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

export function formatLines(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Whether the file of a reference is stored, as it was written. Throws `ArtifactError` if it is damaged. */
export async function isStored(store: ArtifactStore, reference: ArtifactReference): Promise<boolean> {
  return (await store.read(reference.key)) !== undefined && (await store.readVerified(reference)) !== undefined;
}

/**
 * Publishes them, and returns where: at the key, or beside it if an attempt that died before anything referred to its
 * file has left other lines there. Throws `ArtifactError` if the file beside it is corrupt.
 */
export async function publishLines(
  store: ArtifactStore,
  key: string,
  lines: readonly object[],
): Promise<ArtifactReference> {
  const content = Buffer.from(formatLines(lines));
  const { stored, reference } = await store.publish(key, content);
  if (stored.equals(content)) return reference;
  const beside = amendedKey(key, sha256(content));
  const amended = await store.publish(beside, content);
  // Its name states its content's digest, so no attempt wrote anything else: a power cut tore it.
  if (!amended.stored.equals(content)) throw corruptArtifact(beside, 'it does not hold what its name says');
  return amended.reference;
}
