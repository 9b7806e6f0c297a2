/** Finished societies by name, as commands and specifications write them: `RUN`, `RUN@ITERATION`, `RUN@last`, `RUN@best`. */
import type { RunRecord } from '../contract/run';
import type { Society } from '../contract/society';
import { bestIteration } from '../domain/stopping';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { suggestion } from '../specification/nearest';
import { courseOf } from './standing';
import { storedRunIds, StoredRun } from './stored-run';

export interface FoundSociety {
  society: Society;
  /** The run it comes from. */
  record: RunRecord;
}

/** @param field Names the setting in the problem. Throws `InvalidRunSpec` for a society that does not exist. */
export async function findSociety(store: ArtifactStore, name: string, field: string): Promise<FoundSociety> {
  const refuse = (why: string) => new InvalidRunSpec([`${field}: ${JSON.stringify(name)} ${why}`]);
  const [runId = '', version = 'last'] = name.split('@');
  const run = await StoredRun.find(store, runId);
  if (run === undefined) throw refuse(await unknownRun(store, runId));
  const course = await courseOf(run);
  if (course.evaluated < 0) throw refuse('has no evaluated society yet');
  const iteration = { last: course.evaluated, best: bestIteration(course.validation) }[version] ?? Number(version);
  if (version === 'best' && course.validation.length === 0) {
    throw refuse('names the best iteration of a run without a validation split (stopWhen: plateau); name an iteration');
  }
  const society = await run.society(iteration);
  if (society !== undefined && iteration <= course.evaluated) return { society, record: run.record };
  throw refuse(`does not exist; the run has societies 0 to ${course.evaluated}`);
}

/** Says that a name is no run's, and which runs exist. */
export async function unknownRun(store: ArtifactStore, runId: string): Promise<string> {
  const known = await storedRunIds(store);
  const shown = known.slice(0, 20).join(', ') || 'none';
  return `names no run of this store${suggestion(runId, known)} (runs: ${shown})`;
}
