/** Gathers the input of a report from the store; artifacts that do not exist yet are left out. */
import { parseLines } from '../artifacts/lines';
import { readSealed } from '../artifacts/sealed';
import { endpointsAsked } from '../artifacts/societies';
import type { Prices } from '../contract/comparison';
import type { PromotionDecision } from '../contract/line';
import type { Problem, ReferenceAnswer } from '../contract/problem';
import type { RunRecord, ShardOutcome } from '../contract/run';
import { validationSplit, type Split, type Transcript } from '../contract/transcript';
import { addCounts, noCounts } from '../domain/counts';
import { evaluationSize } from '../domain/debate-rules';
import { iterationsTo } from '../domain/identifiers';
import { iterationKeys, runKeys } from '../domain/keys';
import { runPrices } from '../domain/money';
import { equalityFromVerdicts, type Equality, type PairVerdict } from '../domain/voting';
import { chooseFollowedProblems, type JudgedDebate } from '../report/followed-problems';
import { chooseSampleDebates } from '../report/sample-debates';
import type { AdoptedCalls, IterationArtifacts, ReportInput } from '../report/report-input';
import { courseOf } from './standing';
import { ShownDebates, type ClosedShard } from './shown-debates';
import { splits, type StoredRun } from './stored-run';

/** @param through The last iteration that has been evaluated. */
export async function gatherReport(
  run: StoredRun,
  through: number,
  { prices }: { prices: (endpoint: string) => Prices | undefined },
): Promise<ReportInput> {
  const { store, record } = run;
  const numbers = iterationsTo(through);
  const answers = parseLines<ReferenceAnswer>(await store.readVerified(record.references.eval));
  const problems = parseLines<Problem>(await store.readVerified(record.problems.eval));
  const iterations = await Promise.all(numbers.map((iteration) => iterationArtifacts(run, iteration)));
  const { ended, validation } = await courseOf(run);
  const references = Object.fromEntries(answers.map(({ id, answer }) => [id, answer]));
  const closed = await Promise.all(
    numbers.map(async (iteration) => ({ iteration, shards: await closedShards(run, iteration) })),
  );
  const shown = new ShownDebates(run);
  const promotion = await readSealed<PromotionDecision>(store, runKeys.promotion(record.runId));
  return {
    run: record,
    state: ended === undefined ? 'unfinished' : 'completed',
    iterations,
    transcripts: await sampleDebates(shown, { closed, iterations, seed: record.specification.seed }),
    references,
    questions: Object.fromEntries(problems.map(({ id, question }) => [id, question])),
    types: Object.fromEntries(problems.flatMap(({ id, type }) => (type === undefined ? [] : [[id, type]]))),
    followed: await followedDebates(shown, { run, closed, iterations, problems, references }),
    timings: await run.timings(through),
    adopted: closed.flatMap(({ iteration, shards }) => adoptedCalls(iteration, shards)),
    validation,
    prices: runPrices(await endpointsAsked(store, record), prices),
    ...(await endOf(run, ended?.reason)),
    ...(promotion === undefined ? {} : { promotion }),
    notices: [],
  };
}

/** A landing says itself what was left out. */
async function endOf(run: StoredRun, reason: string | undefined): Promise<Pick<ReportInput, 'landed' | 'endedEarly'>> {
  const { fewer, ended } = await run.landed();
  const landing = ended ?? fewer;
  if (landing !== undefined) return { landed: `Landed early (${landing.reason}): ${landing.why}.` };
  return reason === undefined ? {} : { endedEarly: earlyEnd(reason, run.record) };
}

function earlyEnd(reason: string, { plan }: RunRecord): string {
  return `${reason[0]?.toUpperCase()}${reason.slice(1)}; ${plan.iterations} iterations were allowed.`;
}

async function iterationArtifacts(run: StoredRun, iteration: number): Promise<IterationArtifacts> {
  return {
    iteration,
    evaluation: await run.evaluation(iteration),
    selection: await run.selection(iteration),
    weights: await run.weights(iteration),
    audit: await run.audit(iteration),
    measures: await run.measures(iteration),
  };
}

const stageOfSplit = { train: 'debate', eval: 'evaluate', [validationSplit]: 'validate' } as const;

type Shards = Record<Split, ShardOutcome[]>;

interface ClosedIteration {
  iteration: number;
  shards: Shards;
}

async function closedShards(run: StoredRun, iteration: number): Promise<Shards> {
  const read = splits.map(async (split) => [split, await run.shards(iteration, split)]);
  return Object.fromEntries(await Promise.all(read)) as Shards;
}

/** Calls that the shards adopted from other runs; stages without such calls are left out. */
function adoptedCalls(iteration: number, shards: Shards): AdoptedCalls[] {
  return splits.flatMap((split) => {
    const reused = shards[split].flatMap((outcome) => outcome.reused ?? []);
    return reused.length === 0
      ? []
      : [{ stage: stageOfSplit[split], iteration, counts: addCounts(noCounts, ...reused) }];
  });
}

/** Of the first shard of each split, which has enough debates to choose telling ones from, those that the report chooses. */
async function sampleDebates(
  shown: ShownDebates,
  { closed, iterations, seed }: { closed: ClosedIteration[]; iterations: IterationArtifacts[]; seed: number },
): Promise<Transcript[]> {
  const first = closed.flatMap(({ iteration, shards }) =>
    (['train', 'eval'] as const).flatMap((split) => closedShard({ iteration, split, shards }, 0)),
  );
  const outlined = await Promise.all(
    first.map(async (shard) => (await shown.outlines(shard)).map((outline) => ({ ...outline, shard }))),
  );
  const chosen = chooseSampleDebates({ transcripts: outlined.flat(), iterations, references: {}, seed });
  const read = chosen.map(({ transcript: { shard, problemId } }) => shown.debate(shard, problemId));
  return (await Promise.all(read)).filter((debate) => debate !== null);
}

/** All evaluation debates on the followed problems, judged by the verdicts that the evaluation rests on. */
async function followedDebates(
  shown: ShownDebates,
  input: Pick<ReportInput, 'iterations'> & {
    run: StoredRun;
    closed: ClosedIteration[];
    problems: Problem[];
    references: Record<string, string>;
  },
): Promise<JudgedDebate[]> {
  const { run, closed, iterations, problems, references } = input;
  const { specification, plan, runId } = run.record;
  const { members, rounds } = evaluationSize(specification);
  const chosen = chooseFollowedProblems(iterations, { seed: specification.seed, members, rounds });
  const shardOf = (id: string) => Math.floor(problems.findIndex((each) => each.id === id) / plan.shardSize);
  const ofIteration = async ({ iteration, shards }: ClosedIteration): Promise<JudgedDebate[]> => {
    const key = iterationKeys.referenceVerdicts({ runId, iteration, split: 'eval' });
    const stored = await readSealed<{ verdicts: PairVerdict[] }>(run.store, key);
    const equal = equalityFromVerdicts(stored?.verdicts ?? []);
    const read = chosen.flatMap(({ problemId }) =>
      closedShard({ iteration, split: 'eval', shards }, shardOf(problemId)).map((shard) =>
        shown.debate(shard, problemId),
      ),
    );
    const debates = (await Promise.all(read)).filter((debate) => debate !== null);
    return debates.map((debate) => judged(debate, { references, equal }));
  };
  return (await Promise.all(closed.map(ofIteration))).flat();
}

/** Empty if that shard is not closed. */
function closedShard({ shards, ...place }: ClosedIteration & { split: Split }, shard: number): ClosedShard[] {
  const outcome = shards[place.split].find((each) => each.shard === shard);
  return outcome === undefined ? [] : [{ ...place, outcome }];
}

function judged(
  transcript: Transcript,
  { references, equal }: { references: Record<string, string>; equal: Equality },
): JudgedDebate {
  const { problemId, rounds } = transcript;
  const reference = Object.hasOwn(references, problemId) ? references[problemId] : undefined;
  if (reference === undefined) return { transcript, rightAnswers: null };
  const given = rounds.flatMap(({ turns }) => turns.flatMap(({ answer }) => (answer === null ? [] : [answer])));
  return { transcript, rightAnswers: [...new Set(given)].filter((answer) => equal(answer, reference)) };
}
