/** Which commits of models of the Hub a run is going to want, before servers are started for it. */
import { readSealed } from '../artifacts/sealed';
import type { RunRecord } from '../contract/run';
import type { RunSpecification } from '../contract/specification';
import { runIdOf } from '../domain/digests';
import { pinnedLike } from '../domain/hub-names';
import { runKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';
import type { ResolvedSpecification } from '../specification';
import { findSociety } from '../stored-runs/find-society';
import { nextRun } from './start-run';

/**
 * The specification with the commits of its run, if that has begun, or of the run whose society it starts from.
 *
 * @param resolved The specification as a run of this id has it: its seed may depend on the id.
 */
export async function pinnedAsStored(
  store: ArtifactStore,
  resolved: (runId?: string) => Pick<ResolvedSpecification, 'specification' | 'digest'>,
  id: string | undefined,
): Promise<RunSpecification> {
  const { name } = resolved().specification;
  const digestOf = (runId: string) => resolved(runId).digest;
  const { runId } = id === undefined ? await nextRun(store, name, digestOf) : { runId: runIdOf(id) };
  const { specification, digest } = resolved(runId);
  const begun = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (begun?.specificationDigest === digest) return begun.specification;
  const { society } = specification.model;
  if (society === undefined) return specification;
  const { record } = await findSociety(store, society, 'model.society');
  return pinnedLike(specification, record.specification);
}
