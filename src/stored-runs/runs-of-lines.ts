/** Specifications of runs that belong to a line, completed by what the store holds of it. */
import { completedByLine, lineNamedBy } from '../specification/line';
import { isPlainObject } from '../specification/plain-objects';
import type { ArtifactStore } from '../ports';
import { findLine } from './stored-line';

/** The specification as it is if it names no line. Throws `InvalidRunSpec` for a line that does not exist. */
export async function withLineSettings(store: ArtifactStore, raw: unknown): Promise<unknown> {
  const name = lineNamedBy(raw);
  if (name === undefined || !isPlainObject(raw)) return raw;
  return completedByLine(raw, (await findLine(store, name)).record);
}
