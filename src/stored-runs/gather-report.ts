/** Gathers the input of a report from the store; artifacts that do not exist yet are left out. */
import { parseLines } from '../artifacts/lines';
import { readSealed } from '../artifacts/sealed';
import { endpointsAsked } from '../artifacts/societies';
import type { Prices } from '../contract/comparison';
import type { Problem, ReferenceAnswer } from '../contract/problem';
import type { RunRecord, ShardOutcome } from '../contract/run';
import { validationSplit, type Split, type Transcript } from '../contract/transcript';
import { addCounts, noCounts } from '../domain/counts';
import { evaluationSize } from '../domain/debate-rules';
import { iterationsTo } from '../domain/identifiers';
import { iterationKeys } from '../domain/keys';
import { runPrices } from '../domain/money';
import { equalityFromVerdicts, type Equality, type PairVerdict } from '../domain/voting';
import { chooseFollowedProblems, type JudgedDebate } from '../report/followed-problems';
import type { AdoptedCalls, IterationArtifacts, ReportInput } from '../report/report-input';
import { courseOf } from './standing';
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
  const followed = followedIds(record, iterations);
  const references = Object.fromEntries(answers.map(({ id, answer }) => [id, answer]));
  const closed = await Promise.all(
    numbers.map(async (iteration) => ({ iteration, shards: await closedShards(run, iteration) })),
  );
  const debates = await Promise.all(closed.map((each) => readDebates(run, each, { problems, followed })));
  return {
    run: record,
    state: ended === undefined ? 'unfinished' : 'completed',
    iterations,
    transcripts: debates.flatMap(({ samples }) => samples),
    references,
    questions: Object.fromEntries(problems.map(({ id, question }) => [id, question])),
    types: Object.fromEntries(problems.flatMap(({ id, type }) => (type === undefined ? [] : [[id, type]]))),
    followed: debates.flatMap(({ followed: own, equal }) => own.map((debate) => judged(debate, { references, equal }))),
    timings: await run.timings(through),
    adopted: closed.flatMap(({ iteration, shards }) => adoptedCalls(iteration, shards)),
    validation,
    prices: runPrices(await endpointsAsked(store, record), prices),
    ...(ended?.reason === undefined ? {} : { endedEarly: earlyEnd(ended.reason, record) }),
    notices: [],
  };
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

function followedIds({ specification }: RunRecord, iterations: IterationArtifacts[]): Set<string> {
  const { members, rounds } = evaluationSize(specification);
  const chosen = chooseFollowedProblems(iterations, { seed: specification.seed, members, rounds });
  return new Set(chosen.map(({ problemId }) => problemId));
}

interface Debates {
  /** The first shard of each split: enough debates to choose telling ones from. */
  samples: Transcript[];
  /** Evaluation debates on the followed problems. */
  followed: Transcript[];
  /** Equality by the verdicts that the evaluation rests on. */
  equal: Equality;
}

/** Each file is parsed once. */
async function readDebates(
  run: StoredRun,
  { iteration, shards }: { iteration: number; shards: Shards },
  { problems, followed }: { problems: Problem[]; followed: ReadonlySet<string> },
): Promise<Debates> {
  const { plan, runId } = run.record;
  const wanted = problems.flatMap(({ id }, index) => (followed.has(id) ? [Math.floor(index / plan.shardSize)] : []));
  const first = await run.transcripts(shards.eval.filter(({ shard }) => shard === 0));
  const others = await run.transcripts(shards.eval.filter(({ shard }) => shard > 0 && wanted.includes(shard)));
  const trained = await run.transcripts(shards.train.filter(({ shard }) => shard === 0));
  const key = iterationKeys.referenceVerdicts({ runId, iteration, split: 'eval' });
  const stored = await readSealed<{ verdicts: PairVerdict[] }>(run.store, key);
  return {
    samples: [...trained, ...first],
    followed: [...first, ...others].filter(({ problemId }) => followed.has(problemId)),
    equal: equalityFromVerdicts(stored?.verdicts ?? []),
  };
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
