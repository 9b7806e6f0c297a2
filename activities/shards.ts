/** Opening and closing a shard of problems: which problems, and in the end the vote and the transcripts. */
import type {
  ArtifactReference,
  ClosedShardsInput,
  OpenedShard,
  ProblemFailure,
  ShardInput,
  ShardOutcome,
} from '../src/contract/run';
import { isStored, publishLines } from '../src/artifacts/lines';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import type { Consensus, Transcript } from '../src/contract/transcript';
import { memberNumbers } from '../src/domain/identifiers';
import { iterationKeys, type ShardPlace } from '../src/domain/keys';
import { answerPairs, distinctAnswers, equalityFromVerdicts, voteOnDebate, type Equality } from '../src/domain/voting';
import { countCompletions, type StoredCompletion } from './completions';
import type { ActivityDependencies } from './dependencies';
import { gradePairs } from './grading';
import { withHeartbeats } from './heartbeats';
import { countLostCalls } from './lost-calls';
import { runOf, type LoadedRuns } from './loaded-runs';
import { StoredTurns, type ReadDebate } from './stored-turns';

export interface CloseShardInput {
  shard: ShardInput;
  failures: ProblemFailure[];
  /** Problems whose further samples for a vote could not be drawn: they stay without that vote. */
  failedVotes?: ProblemFailure[];
}

export function createShardActivities(dependencies: ActivityDependencies, loadedRuns: LoadedRuns) {
  const { store } = dependencies;

  /** The problems of a shard, with its outcome if an earlier run of it has finished. */
  async function openShard(shard: ShardInput): Promise<OpenedShard> {
    return withHeartbeats(async () => {
      const problems = await loadedRuns.shardProblems(shard);
      return { problemIds: problems.map(({ id }) => id), closed: await closedOutcome(placeOf(shard)) };
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
    const closed = await readSealed<ShardOutcome>(store, iterationKeys.shardOutcome(place));
    return closed !== undefined && (await hasFiles(closed)) ? closed : undefined;
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
      const debates = await readDebates(turns, shard, failures);
      const read = debates.map(({ transcript }) => transcript);
      const equal = await equalityOf(shard, read);
      const { record } = await loadedRuns.run(shard.plan);
      const transcripts = read.map((transcript) => voteOn(transcript, equal, record.specification.seed));
      const votes = await writeVotes(turns, shard, { transcripts, failures, failedVotes });
      const outcome = {
        shard: shard.shard,
        transcripts: await publishLines(store, iterationKeys.transcripts(placeOf(shard)), transcripts),
        votes: votes?.reference,
        ...countConsensus(transcripts),
        ...countAll([...debates.flatMap(({ completions }) => completions), ...(votes?.completions ?? [])]),
        ...(await lostIn(shard, transcripts)),
      };
      const { content } = await publishSealed<ShardOutcome>(store, iterationKeys.shardOutcome(placeOf(shard)), outcome);
      return content;
    });
  }

  async function readDebates(turns: StoredTurns, shard: ShardInput, failures: ProblemFailure[]): Promise<ReadDebate[]> {
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

  /** Of all problems that did not fail. Also the completions of the samples beyond the debate's own, failed votes included. */
  async function writeVotes(
    turns: StoredTurns,
    shard: ShardInput,
    { transcripts, failures, failedVotes }: Omit<Required<CloseShardInput>, 'shard'> & { transcripts: Transcript[] },
  ): Promise<{ reference: ArtifactReference; completions: StoredCompletion[] } | undefined> {
    if (shard.voteSamples === 0 && shard.furtherAnswers === undefined) return undefined;
    const unvoted = new Set(failedVotes.map(({ problemId }) => problemId));
    const without = new Set([...failures.map(({ problemId }) => problemId), ...unvoted]);
    const voted = transcripts.filter(({ problemId }) => !without.has(problemId));
    const votes = await Promise.all(voted.map((debate) => turns.readVote(debate)));
    const failed = transcripts.filter(({ problemId }) => unvoted.has(problemId));
    const paid = await Promise.all(failed.map((debate) => turns.readUnvoted(debate)));
    const records = votes.map(({ record }) => record);
    return {
      reference: await publishLines(store, iterationKeys.votes(placeOf(shard)), records),
      completions: [...votes.flatMap(({ completions }) => completions), ...paid.flat()],
    };
  }

  async function lostIn(shard: ShardInput, debates: readonly Transcript[]): Promise<Pick<ShardOutcome, 'lost'>> {
    const { iteration, split, plan } = shard;
    const rounds = debates.flatMap(({ problemId }) =>
      memberNumbers(shard.rounds).map((round) =>
        iterationKeys.round({ runId: plan.runId, iteration, split, problemId, round }),
      ),
    );
    const lost = await countLostCalls(store, rounds);
    return lost.calls === 0 ? {} : { lost };
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

/** The shard's own calls and tokens, and how many of them another run had already made. */
function countAll(completions: readonly StoredCompletion[]): Pick<ShardOutcome, 'counts' | 'reused'> {
  const reused = completions.filter(({ reusedFrom }) => reusedFrom !== undefined);
  const counts = countCompletions(completions);
  return reused.length === 0 ? { counts } : { counts, reused: countCompletions(reused) };
}
