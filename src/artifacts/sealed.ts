/**
 * Sealed JSON artifacts: an object that carries the SHA-256 of its own canonical content in the field `sha256`. For
 * artifacts that are found by key, not by a reference that records their digest (turns, run.json, society.json …).
 */
import { z } from 'zod';
import { digestOf } from '../domain/digests';
import type { ArtifactStore } from '../ports';
import { corruptArtifact, missingArtifact } from './damage';

const sealSchema = z.looseObject({ sha256: z.string() });

/** Publishes create-if-absent; returns what is stored, which is another attempt's content if that one was first. */
export async function publishSealed<Content extends object>(
  store: ArtifactStore,
  key: string,
  content: Content,
): Promise<{ content: Content; created: boolean }> {
  const { created, stored } = await store.publish(key, seal(content));
  return { created, content: created ? content : open<Content>(key, stored) };
}

/** Reads and checks a sealed artifact; undefined if there is none. Throws `ArtifactError` for a corrupt one. */
export async function readSealed<Content extends object>(
  store: ArtifactStore,
  key: string,
): Promise<Content | undefined> {
  const bytes = await store.read(key);
  return bytes === undefined ? undefined : open<Content>(key, bytes);
}

/** As `readSealed`, but throws if the artifact is missing. */
export async function requireSealed<Content extends object>(store: ArtifactStore, key: string): Promise<Content> {
  const content = await readSealed<Content>(store, key);
  if (content === undefined) throw missingArtifact(key);
  return content;
}

function seal(content: object): string {
  return `${JSON.stringify({ ...content, sha256: digestOf(content) })}\n`;
}

function open<Content extends object>(key: string, bytes: Buffer): Content {
  const { sha256: recorded, ...content } = parse(key, bytes);
  const found = digestOf(content);
  if (found === recorded) return content as Content;
  throw corruptArtifact(key, `its content has SHA-256 ${found}, recorded was ${recorded}`);
}

function parse(key: string, bytes: Buffer): z.infer<typeof sealSchema> {
  try {
    return sealSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw corruptArtifact(key, 'it does not hold sealed JSON', cause);
  }
}
