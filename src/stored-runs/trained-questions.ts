/** Which questions a society has been trained on, across the runs that it went through. */
import { parseLines } from '../artifacts/lines';
import { requireSealed } from '../artifacts/sealed';
import type { Problem } from '../contract/problem';
import type { RunRecord } from '../contract/run';
import { runKeys } from '../domain/keys';
import { normalisedText } from '../domain/normalised-text';
import type { ArtifactStore } from '../ports';

export interface SocietyPlace {
  runId: string;
  iteration: number;
}

/** Normalised, up to a society's iteration; those of the society that its run started from included. */
export async function trainedQuestions(store: ArtifactStore, society: SocietyPlace | undefined): Promise<Set<string>> {
  const questions = new Set<string>();
  for (let place = society; place !== undefined;) {
    const { problems, startedFrom }: RunRecord = await requireSealed<RunRecord>(store, runKeys.record(place.runId));
    const files = new Map(problems.train.slice(0, place.iteration).map((reference) => [reference.key, reference]));
    for (const reference of files.values()) {
      const lines = parseLines<Problem>(await store.readVerified(reference));
      lines.forEach(({ question }) => questions.add(normalisedText(question)));
    }
    place = startedFrom;
  }
  return questions;
}
