/** Finished societies by name, as commands and specifications write them: `RUN`, `RUN@ITERATION`, `RUN@last`, `RUN@best`. */
import { readSealed } from '../artifacts/sealed';
import { readSociety } from '../artifacts/societies';
import type { RunRecord } from '../contract/run';
import type { Society } from '../contract/society';
import { runKeys } from '../domain/keys';
import { bestIteration } from '../domain/stopping';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { suggestion } from '../specification/nearest';
import { courseOf } from './standing';

export interface FoundSociety {
  society: Society;
  /** The run it comes from. */
  record: RunRecord;
}

/** @param field Names the setting in the problem. Throws `InvalidRunSpec` for a society that does not exist. */
export async function findSociety(store: ArtifactStore, name: string, field: string): Promise<FoundSociety> {
  const refuse = (why: string) => new InvalidRunSpec([`${field}: ${JSON.stringify(name)} ${why}`]);
  const [runId = '', version = 'last'] = name.split('@');
  const record = await readSealed<RunRecord>(store, runKeys.record(runId));
  if (record === undefined) throw refuse(await unknownRun(store, runId));
  const course = await courseOf(store, record);
  if (course.evaluated < 0) throw refuse('has no evaluated society yet');
  const iteration = { last: course.evaluated, best: bestIteration(course.validation) }[version] ?? Number(version);
  if (version === 'best' && course.validation.length === 0) {
    throw refuse('names the best iteration of a run without a validation split (stopWhen: plateau); name an iteration');
  }
  const society = await readSociety(store, record, iteration);
  if (society !== undefined && iteration <= course.evaluated) return { society, record };
  throw refuse(`does not exist; the run has societies 0 to ${course.evaluated}`);
}

/** Why a name is refused that is no run's, and which runs there are. */
export async function unknownRun(store: ArtifactStore, runId: string): Promise<string> {
  const known = (await store.list('runs')).map((key) => key.slice('runs/'.length));
  const shown = known.slice(0, 20).join(', ') || 'none';
  return `names no run of this store${suggestion(runId, known)} (runs: ${shown})`;
}
