/** Stored societies, read with what older versions left out of them. */
import type { RunRecord } from '../contract/run';
import type { Society, StoredSociety } from '../contract/society';
import { iterationKeys } from '../domain/keys';
import { readableSociety } from '../domain/society';
import type { ArtifactStore } from '../ports';
import { missingArtifact } from './damage';
import { readSealed } from './sealed';

type Of = Pick<RunRecord, 'runId' | 'specification'>;

/** Undefined if that iteration has none yet. Throws `ArtifactError` for a corrupt one. */
export async function readSociety(
  store: ArtifactStore,
  { runId, specification }: Of,
  iteration: number,
): Promise<Society | undefined> {
  const stored = await readSealed<StoredSociety>(store, iterationKeys.society({ runId, iteration }));
  return stored && readableSociety(stored, specification);
}

/** As `readSociety`, but throws if the society is missing. */
export async function requireSociety(store: ArtifactStore, run: Of, iteration: number): Promise<Society> {
  const society = await readSociety(store, run, iteration);
  if (society === undefined) throw missingArtifact(iterationKeys.society({ runId: run.runId, iteration }));
  return society;
}

/** Every endpoint that a run's own models are or were asked at. */
export async function endpointsAsked(store: ArtifactStore, run: Of): Promise<string[]> {
  const asked = new Set([run.specification.model.endpoint]);
  for (let iteration = 0; ; iteration += 1) {
    const society = await readSociety(store, run, iteration);
    if (society === undefined) return [...asked];
    Object.values(society.agents).forEach(({ endpoint }) => asked.add(endpoint));
  }
}
