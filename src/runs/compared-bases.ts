/** The base models of a comparison's runs, before servers are started for them. */
import { readSealed } from '../artifacts/sealed';
import type { RunRecord } from '../contract/run';
import type { RunSpecification } from '../contract/specification';
import { pinnedLike } from '../domain/hub-names';
import { runKeys } from '../domain/keys';
import { embeddedEndpoint } from '../domain/society';
import { ConfigError } from '../errors';
import type { Fetching } from '../machine/setup/hub';
import { embeddedModels, requireBases, type BaseModel } from '../machine/setup/model-folder';
import type { ArtifactStore } from '../ports';
import { requireFit } from './fitting';

/** Throws `ConfigError` if runs name different bases of the embedded server, or one that does not exist. */
export function requireComparedBases(specifications: readonly RunSpecification[]): void {
  const models = specifications.map(({ model }) => model);
  const bases = new Set(models.filter(({ endpoint }) => endpoint === embeddedEndpoint).map(({ base }) => base));
  if (bases.size > 1) {
    throw new ConfigError(
      `model.base: all runs of a comparison start from one base of the endpoint "embedded", this one names ` +
        `${[...bases].join(', ')}: compare one at a time, or name endpoints of config.yaml`,
    );
  }
  requireBases(specifications);
}

/** What our own server would offer: the base that the runs share, and those of the members of mixed societies. */
export async function comparedModels(
  store: ArtifactStore,
  runs: readonly { runId: string; specification: RunSpecification }[],
): Promise<(fetching: Fetching) => Promise<BaseModel | null>> {
  const specifications = await pinnedRuns(store, runs);
  requireComparedBases(specifications);
  return async (fetching) => {
    await requireFit(specifications, fetching);
    return embeddedModels(specifications, fetching);
  };
}

/** A run that has begun keeps its commit of a base; the others take the same. */
async function pinnedRuns(
  store: ArtifactStore,
  runs: readonly { runId: string; specification: RunSpecification }[],
): Promise<RunSpecification[]> {
  const records = await Promise.all(runs.map(({ runId }) => readSealed<RunRecord>(store, runKeys.record(runId))));
  const begun = records.filter((record) => record !== undefined);
  return runs.map(({ specification }, index) => {
    const own = records[index];
    const earlier = own === undefined ? begun : [own, ...begun];
    return earlier.reduce((pinned, record) => pinnedLike(pinned, record.specification), specification);
  });
}
