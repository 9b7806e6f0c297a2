/** Opening and closing a shard of problems: which problems, and in the end the vote and the transcripts. */
import type { Spending } from '../src/contract/limits';
import type {
  ArtifactReference,
  ClosedShardsInput,
  OpenedShard,
  ProblemFailure,
  ShardInput,
  ShardOutcome,
  StoredShard,
} from '../src/contract/run';
import { isStored, publishLines } from '../src/artifacts/lines';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import type { CallCosts } from '../src/contract/costs';
import type { Consensus, Transcript } from '../src/contract/transcript';
import { onlyEndpointOf, sumOf } from '../src/domain/costs';
import { addCounts } from '../src/domain/counts';
import { memberNumbers } from '../src/domain/identifiers';
import { iterationKeys, type ShardPlace } from '../src/domain/keys';
import { answerPairs, distinctAnswers, equalityFromVerdicts, voteOnDebate, type Equality } from '../src/domain/voting';
import { paidCallsIn } from '../src/stored-runs/paid-calls';
import { chargesOf } from './charges';
import type { ActivityDependencies } from './dependencies';
import { gradePairs } from './grading';
import { withHeartbeats } from './heartbeats';
import { runOf, type LoadedRuns } from './loaded-runs';
import { StoredTurns } from './stored-turns';

export interface CloseShardInput {
  shard: ShardInput;
  failures: ProblemFailure[];
  /** Problems whose further samples for a vote could not be drawn: they stay without that vote. */
  failedVotes?: ProblemFailure[];
}

export function createShardActivities(dependencies: ActivityDependencies, loadedRuns: LoadedRuns) {
  const { store } = dependencies;
  const charges = chargesOf(store, loadedRuns);

  /** The problems of a shard, with its outcome if an earlier run of it has finished. */
  async function openShard(shard: ShardInput): Promise<OpenedShard> {
    return withHeartbeats(async () => {
      const problems = await loadedRuns.shardProblems(shard);
      const problemIds = problems.map(({ id }) => id);
      const closed = await closedOutcome(placeOf(shard));
      return { problemIds, closed, ...(closed === undefined ? await chargedBefore(shard, problemIds) : {}) };
    });
  }

  /** The shards of a range that an earlier start has closed; they are not opened again. */
  async function findClosedShards({ plan, iteration, split, from, count }: ClosedShardsInput): Promise<ShardOutcome[]> {
    return withHeartbeats(async () => {
      await loadedRuns.run(plan);
      const numbers = Array.from({ length: count }, (_, index) => from + index);
      const outcomes = numbers.map((shard) => closedOutcome({ runId: plan.runId, iteration, split, shard }));
      return (await Promise.all(outcomes)).filter((outcome) => outcome !== undefined);
    });
  }

  async function closedOutcome(place: ShardPlace): Promise<ShardOutcome | undefined> {
    const closed = await readSealed<StoredShard>(store, iterationKeys.shardOutcome(place));
    return closed !== undefined && (await hasFiles(closed)) ? withoutCosts(closed) : undefined;
  }

  /** A lost file is rebuilt from the turns when the shard is closed again; a damaged one is an error. */
  async function hasFiles({ transcripts, votes }: ShardOutcome): Promise<boolean> {
    const files = [transcripts, ...(votes === undefined ? [] : [votes])];
    return (await Promise.all(files.map((file) => isStored(store, file)))).every((each) => each);
  }

  /** Grades, votes, writes the transcripts with `agrees` on every turn; the outcome is written last. */
  async function closeShard({ shard, failures, failedVotes = [] }: CloseShardInput): Promise<ShardOutcome> {
    return withHeartbeats(async () => {
      const turns = await StoredTurns.of(store, loadedRuns, shard);
      const read = await readDebates(turns, shard, failures);
      const equal = await equalityOf(shard, read);
      const { record } = await loadedRuns.run(shard.plan);
      const transcripts = read.map((transcript) => voteOn(transcript, equal, record.specification.seed));
      const costs = await costsOf(turns, shard, transcripts);
      const votes = await writeVotes(turns, shard, { transcripts, failures, failedVotes });
      const outcome = {
        shard: shard.shard,
        transcripts: await publishLines(store, iterationKeys.transcripts(placeOf(shard)), transcripts),
        votes,
        ...countConsensus(transcripts),
        ...countsOf(costs),
      };
      const stored = { ...outcome, costs };
      const { content } = await publishSealed<StoredShard>(store, iterationKeys.shardOutcome(placeOf(shard)), stored);
      return { ...withoutCosts(content), ...(await charges.of(shard.plan, costs)) };
    });
  }

  /** What an earlier start has spent on each problem; of a run with limits that is started again. */
  async function chargedBefore(shard: ShardInput, problemIds: string[]): Promise<Pick<OpenedShard, 'charged'>> {
    const { plan, iteration, split, societyIteration } = shard;
    if (plan.limits === undefined || plan.resumed !== true) return {};
    const byProblem = problemIds.map(async (problemId): Promise<[string, Spending][]> => {
      const { charged } = await charges.in({ ...runOf(plan), societyIteration }, roundsOf(shard, problemId));
      return charged === undefined || charged.calls === 0 ? [] : [[problemId, charged]];
    });
    return { charged: Object.fromEntries((await Promise.all(byProblem)).flat()) };

    function roundsOf({ rounds }: ShardInput, problemId: string): string[] {
      return memberNumbers(rounds).map((round) =>
        iterationKeys.round({ runId: plan.runId, iteration, split, problemId, round }),
      );
    }
  }

  async function readDebates(turns: StoredTurns, shard: ShardInput, failures: ProblemFailure[]): Promise<Transcript[]> {
    const reasons = new Map(failures.map(({ problemId, reason }) => [problemId, reason]));
    const problems = await loadedRuns.shardProblems(shard);
    return Promise.all(problems.map((problem) => turns.readDebate(problem, reasons.get(problem.id))));
  }

  /** Verdicts on all distinct answers of a problem over all rounds; stored, because a time limit may fall differently later. */
  async function equalityOf(shard: ShardInput, debates: Transcript[]): Promise<Equality> {
    const task = await loadedRuns.task({ ...runOf(shard.plan), split: shard.split });
    const pairs = debates.flatMap((debate) => answerPairs(distinctAnswers(debate.rounds)));
    const verdicts = await gradePairs(dependencies, task, pairs, iterationKeys.verdicts(placeOf(shard)));
    return equalityFromVerdicts(verdicts);
  }

  /** Of all problems that did not fail. */
  async function writeVotes(
    turns: StoredTurns,
    shard: ShardInput,
    { transcripts, failures, failedVotes }: Omit<Required<CloseShardInput>, 'shard'> & { transcripts: Transcript[] },
  ): Promise<ArtifactReference | undefined> {
    if (shard.voteSamples === 0 && shard.furtherAnswers === undefined) return undefined;
    const without = new Set([...failures, ...failedVotes].map(({ problemId }) => problemId));
    const voted = transcripts.filter(({ problemId }) => !without.has(problemId));
    const records = await Promise.all(voted.map((debate) => turns.readVote(debate)));
    return publishLines(store, iterationKeys.votes(placeOf(shard)), records);
  }

  /** Everything that was asked for these problems, failed ones and failed votes included: it was paid for all the same. */
  async function costsOf(turns: StoredTurns, shard: ShardInput, debates: readonly Transcript[]): Promise<CallCosts[]> {
    const { iteration, split, plan, societyIteration } = shard;
    const { specification } = (await loadedRuns.run(plan)).record;
    const { agents } = await loadedRuns.society(plan, societyIteration);
    const rounds = debates.flatMap(({ problemId }) =>
      memberNumbers(shard.rounds).map((round) =>
        iterationKeys.round({ runId: plan.runId, iteration, split, problemId, round }),
      ),
    );
    const onlyEndpoint = onlyEndpointOf(specification, agents);
    return paidCallsIn({ store, onlyEndpoint, read: (key) => turns.completion(key) }, rounds);
  }

  return { openShard, findClosedShards, closeShard };
}

function placeOf({ plan, iteration, split, shard }: ShardInput) {
  return { runId: plan.runId, iteration, split, shard };
}

function voteOn(debate: Transcript, equal: Equality, seed: number): Transcript {
  if (debate.consensus.kind === 'failed') return debate;
  const { iteration, problemId } = debate;
  return { ...debate, ...voteOnDebate(debate.rounds, equal, { seed, iteration, problemId }) };
}

function countConsensus(transcripts: readonly Transcript[]) {
  const ofKind = (kind: Consensus['kind']) => transcripts.filter(({ consensus }) => consensus.kind === kind).length;
  const ties = transcripts.filter(({ consensus }) => consensus.kind === 'agreed' && consensus.tieBroken);
  return {
    problems: transcripts.length,
    agreed: ofKind('agreed'),
    none: ofKind('none'),
    failed: ofKind('failed'),
    tieBroken: ties.length,
  };
}

/** The shard's calls and tokens, how many of them another run had already made, and those whose answers were lost. */
function countsOf(costs: readonly CallCosts[]): Pick<ShardOutcome, 'counts' | 'reused' | 'lost'> {
  const { kept, again, adopted } = sumOf(costs);
  return {
    counts: addCounts(kept, adopted),
    ...(adopted.calls === 0 ? {} : { reused: adopted }),
    ...(again.calls === 0 ? {} : { lost: again }),
  };
}

/** Workflows pass on the outcomes of thousands of shards, and need no more than sums. */
function withoutCosts({ costs: _, ...outcome }: StoredShard): ShardOutcome {
  return outcome;
}
