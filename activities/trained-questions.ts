/** An evaluation that asks what the society was trained on measures memory, and must say so. */
import type { ArtifactStore } from '../src/ports';
import { normalisedText } from '../src/domain/normalised-text';
import { trainedQuestions, type SocietyPlace } from '../src/stored-runs/trained-questions';
import type { DrawnProblems } from '../src/tasks/task';

/** The drawn problems, with a notice if the society that the run starts from was trained on some of the evaluation problems. */
export async function noteTrainedQuestions(
  store: ArtifactStore,
  drawn: DrawnProblems,
  start: SocietyPlace | undefined,
): Promise<DrawnProblems> {
  const trained = await trainedQuestions(store, start);
  const known = drawn.eval.filter(({ question }) => trained.has(normalisedText(question))).length;
  if (known === 0 || start === undefined) return drawn;
  const notice = `${known} of ${drawn.eval.length} evaluation problems are among those that ${start.runId} was trained on`;
  return { ...drawn, notices: [...(drawn.notices ?? []), notice] };
}
