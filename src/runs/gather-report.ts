/** Gathers what a report is made of from the store; whatever does not exist yet is left out. */
import { parseLines } from '../artifacts/lines';
import { readSealed, requireSealed } from '../artifacts/sealed';
import type { ConsensusAudit, Evaluation } from '../contract/evaluation';
import type { Measures } from '../contract/measures';
import type { Problem, ReferenceAnswer } from '../contract/problem';
import type { ReportRequest, RunRecord, ShardOutcome } from '../contract/run';
import type { SelectionReport } from '../contract/training';
import type { WeightsRecord } from '../contract/training-job';
import type { Split, Transcript } from '../contract/transcript';
import { iterationKeys, runKeys } from '../domain/keys';
import type { ArtifactStore } from '../ports';
import type { IterationArtifacts, ReportInput } from '../report/report-input';
import { courseOf } from './standing';

/** @param request Names the run and the last iteration that has been evaluated. */
export async function gatherReport(store: ArtifactStore, request: ReportRequest): Promise<ReportInput> {
  const { runId, throughIteration } = request;
  const run = await requireSealed<RunRecord>(store, runKeys.record(runId));
  const numbers = Array.from({ length: throughIteration + 1 }, (_, iteration) => iteration);
  const answers = parseLines<ReferenceAnswer>(await store.readVerified(run.references.eval));
  const problems = parseLines<Problem>(await store.readVerified(run.problems.eval));
  const iterations = await Promise.all(numbers.map((iteration) => iterationArtifacts(store, run, iteration)));
  const { ended, validation } = await courseOf(store, run);
  return {
    run,
    state: ended === undefined ? 'running' : 'completed',
    iterations,
    transcripts: (await Promise.all(numbers.map((iteration) => sampleTranscripts(store, runId, iteration)))).flat(),
    references: Object.fromEntries(answers.map(({ id, answer }) => [id, answer])),
    questions: Object.fromEntries(problems.map(({ id, question }) => [id, question])),
    timings: request.timings,
    validation,
    notices: ended?.reason === undefined ? [] : [`${ended.reason}; ${run.plan.iterations} iterations were allowed`],
  };
}

async function iterationArtifacts(
  store: ArtifactStore,
  run: RunRecord,
  iteration: number,
): Promise<IterationArtifacts> {
  const place = { runId: run.runId, iteration };
  const weights = run.plan.trainedAgents.map((agent) =>
    readSealed<WeightsRecord>(store, iterationKeys.weights(place, agent)),
  );
  return {
    iteration,
    evaluation: await readSealed<Evaluation>(store, iterationKeys.evaluation(place)),
    selection: await readSealed<SelectionReport>(store, iterationKeys.selection(place)),
    weights: (await Promise.all(weights)).filter((record) => record !== undefined),
    audit: await readSealed<ConsensusAudit>(store, iterationKeys.audit(place)),
    measures: await readSealed<Measures>(store, iterationKeys.measures(place)),
  };
}

/** The first shard of each split: enough debates to choose telling ones from. */
async function sampleTranscripts(store: ArtifactStore, runId: string, iteration: number): Promise<Transcript[]> {
  const splits: Split[] = ['train', 'eval'];
  const ofSplit = splits.map(async (split) => {
    const key = iterationKeys.shardOutcome({ runId, iteration, split, shard: 0 });
    const outcome = await readSealed<ShardOutcome>(store, key);
    return outcome === undefined ? [] : parseLines<Transcript>(await store.readVerified(outcome.transcripts));
  });
  return (await Promise.all(ofSplit)).flat();
}
