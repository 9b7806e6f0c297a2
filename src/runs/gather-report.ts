/** Gathers what a report is made of from the store; whatever does not exist yet is left out. */
import { parseLines } from '../artifacts/lines';
import { readSealed, requireSealed } from '../artifacts/sealed';
import { endpointsAsked } from '../artifacts/societies';
import type { Prices } from '../contract/comparison';
import type { ConsensusAudit, Evaluation } from '../contract/evaluation';
import type { Measures } from '../contract/measures';
import type { Problem, ReferenceAnswer } from '../contract/problem';
import type { ReportRequest, RunRecord, ShardOutcome } from '../contract/run';
import type { SelectionReport } from '../contract/training';
import type { WeightsRecord } from '../contract/training-job';
import { validationSplit, type Split, type Transcript } from '../contract/transcript';
import { addCounts, noCounts } from '../domain/counts';
import { evaluationSize } from '../domain/debate-rules';
import { iterationKeys, runKeys, type ShardPlace } from '../domain/keys';
import { runPrices } from '../domain/money';
import { equalityFromVerdicts, type Equality, type PairVerdict } from '../domain/voting';
import type { ArtifactStore } from '../ports';
import { chooseFollowedProblems, type JudgedDebate } from '../report/followed-problems';
import type { AdoptedCalls, IterationArtifacts, ReportInput } from '../report/report-input';
import { readTimings } from './stage-timings';
import { courseOf } from './standing';
import { readShards, splits } from './stored-shards';

/** @param request Names the run and the last iteration that has been evaluated. */
export async function gatherReport(
  store: ArtifactStore,
  request: Pick<ReportRequest, 'runId' | 'throughIteration'>,
  { prices }: { prices: (endpoint: string) => Prices | undefined },
): Promise<ReportInput> {
  const { runId, throughIteration } = request;
  const run = await requireSealed<RunRecord>(store, runKeys.record(runId));
  const numbers = Array.from({ length: throughIteration + 1 }, (_, iteration) => iteration);
  const answers = parseLines<ReferenceAnswer>(await store.readVerified(run.references.eval));
  const problems = parseLines<Problem>(await store.readVerified(run.problems.eval));
  const iterations = await Promise.all(numbers.map((iteration) => iterationArtifacts(store, run, iteration)));
  const { ended, validation } = await courseOf(store, run);
  return {
    run,
    state: ended === undefined ? 'unfinished' : 'completed',
    iterations,
    transcripts: (await Promise.all(numbers.map((iteration) => sampleTranscripts(store, runId, iteration)))).flat(),
    references: Object.fromEntries(answers.map(({ id, answer }) => [id, answer])),
    questions: Object.fromEntries(problems.map(({ id, question }) => [id, question])),
    types: Object.fromEntries(problems.flatMap(({ id, type }) => (type === undefined ? [] : [[id, type]]))),
    followed: await followedDebates(store, run, { iterations, problems, answers }),
    timings: await readTimings(store, { runId, iteration: throughIteration }),
    adopted: await adoptedCalls(store, run, numbers),
    validation,
    prices: runPrices(await endpointsAsked(store, run), prices),
    ...(ended?.reason === undefined ? {} : { endedEarly: earlyEnd(ended.reason, run) }),
    notices: [],
  };
}

function earlyEnd(reason: string, { plan }: RunRecord): string {
  return `${reason[0]?.toUpperCase()}${reason.slice(1)}; ${plan.iterations} iterations were allowed.`;
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
  const ofSplit = splits.map((split) => shardTranscripts(store, { runId, iteration, split, shard: 0 }));
  return (await Promise.all(ofSplit)).flat();
}

const stageOfSplit = { train: 'debate', eval: 'evaluate', [validationSplit]: 'validate' } as const;

/** What the shards were answered by completions of other runs; nothing of stages that asked everything themselves. */
async function adoptedCalls(store: ArtifactStore, run: RunRecord, iterations: number[]): Promise<AdoptedCalls[]> {
  const ofSplit = async (iteration: number, split: Split): Promise<AdoptedCalls[]> => {
    const shards = await readShards(store, run, { iteration, split });
    const reused = shards.flatMap((outcome) => outcome.reused ?? []);
    return reused.length === 0
      ? []
      : [{ stage: stageOfSplit[split], iteration, counts: addCounts(noCounts, ...reused) }];
  };
  return (
    await Promise.all(iterations.flatMap((iteration) => splits.map((split) => ofSplit(iteration, split))))
  ).flat();
}

/** Nothing where the shard has not been closed. */
async function shardTranscripts(store: ArtifactStore, place: ShardPlace): Promise<Transcript[]> {
  const outcome = await readSealed<ShardOutcome>(store, iterationKeys.shardOutcome(place));
  return outcome === undefined ? [] : parseLines<Transcript>(await store.readVerified(outcome.transcripts));
}

/** All evaluation debates on the problems that the report follows, judged by the verdicts the evaluation rests on. */
async function followedDebates(
  store: ArtifactStore,
  run: RunRecord,
  known: { iterations: IterationArtifacts[]; problems: Problem[]; answers: ReferenceAnswer[] },
): Promise<JudgedDebate[]> {
  const { iterations, problems, answers } = known;
  const { members, rounds } = evaluationSize(run.specification);
  const { seed } = run.specification;
  const ids = new Set(chooseFollowedProblems(iterations, { seed, members, rounds }).map(({ problemId }) => problemId));
  const references = new Map(answers.map(({ id, answer }) => [id, answer]));
  const shards = problems.flatMap(({ id }, index) => (ids.has(id) ? [Math.floor(index / run.plan.shardSize)] : []));
  const ofIteration = async ({ iteration }: IterationArtifacts): Promise<JudgedDebate[]> => {
    const place = { runId: run.runId, iteration, split: 'eval' as const };
    const read = [...new Set(shards)].map((shard) => shardTranscripts(store, { ...place, shard }));
    const transcripts = (await Promise.all(read)).flat().filter(({ problemId }) => ids.has(problemId));
    const stored = await readSealed<{ verdicts: PairVerdict[] }>(store, iterationKeys.referenceVerdicts(place));
    const equal = equalityFromVerdicts(stored?.verdicts ?? []);
    return transcripts.map((transcript) => ({
      transcript,
      rightAnswers: rightAnswers(transcript, { reference: references.get(transcript.problemId), equal }),
    }));
  };
  return (await Promise.all(iterations.map(ofIteration))).flat();
}

function rightAnswers(
  { rounds }: Transcript,
  { reference, equal }: { reference: string | undefined; equal: Equality },
): string[] | null {
  if (reference === undefined) return null;
  const given = rounds.flatMap(({ turns }) => turns.flatMap(({ answer }) => (answer === null ? [] : [answer])));
  return [...new Set(given)].filter((answer) => equal(answer, reference));
}
