/** What a society has been trained on: an evaluation that asks the same questions measures memory and must say so. */
import { parseLines } from '../src/artifacts/lines';
import { requireSealed } from '../src/artifacts/sealed';
import type { Problem } from '../src/contract/problem';
import type { RunRecord } from '../src/contract/run';
import { runKeys } from '../src/domain/keys';
import type { ArtifactStore } from '../src/ports';
import { normalisedText } from '../src/domain/normalised-text';
import type { DrawnProblems } from '../src/tasks/task';

type Place = Pick<NonNullable<RunRecord['startedFrom']>, 'runId' | 'iteration'>;

/** The drawn problems, with a notice if the society that the run starts from was trained on some of the evaluation problems. */
export async function noteTrainedQuestions(
  store: ArtifactStore,
  drawn: DrawnProblems,
  start: Place | undefined,
): Promise<DrawnProblems> {
  const trained = await trainedQuestions(store, start);
  const known = drawn.eval.filter(({ question }) => trained.has(normalisedText(question))).length;
  if (known === 0 || start === undefined) return drawn;
  const notice = `${known} of ${drawn.eval.length} evaluation problems are among those that ${start.runId} was trained on`;
  return { ...drawn, notices: [...(drawn.notices ?? []), notice] };
}

/** Normalised, up to a society's iteration; those of the society that its run started from included. */
async function trainedQuestions(store: ArtifactStore, place: Place | undefined): Promise<Set<string>> {
  if (place === undefined) return new Set();
  const { problems, startedFrom } = await requireSealed<RunRecord>(store, runKeys.record(place.runId));
  const earlier = await trainedQuestions(store, startedFrom);
  const files = new Map(problems.train.slice(0, place.iteration).map((reference) => [reference.key, reference]));
  for (const reference of files.values()) {
    const lines = parseLines<Problem>(await store.readVerified(reference));
    lines.forEach(({ question }) => earlier.add(normalisedText(question)));
  }
  return earlier;
}
