/** Opening and closing a shard of problems: which problems, and in the end the vote and the transcripts. */
import type {
  ArtifactReference,
  ClosedShardsInput,
  OpenedShard,
  ProblemFailure,
  ShardInput,
  ShardOutcome,
} from '../src/contract/run';
import { publishLines } from '../src/artifacts/lines';
import { isStored } from '../src/artifacts/lines';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import type { Problem } from '../src/contract/problem';
import type {
  CompletionEnd,
  Consensus,
  DebateRound,
  HintedResponse,
  Transcript,
  Turn,
  Usage,
} from '../src/contract/transcript';
import { saidIn } from '../src/domain/answers';
import { usagesOf } from '../src/domain/counts';
import { debateRules, sampleVoice, voiceOf, type DebateRules, type Voice } from '../src/domain/debate-rules';
import { samplesAtEqualTokens, temperatureVoice } from '../src/domain/further-answers';
import { memberNumbers } from '../src/domain/identifiers';
import { iterationKeys, type ShardPlace } from '../src/domain/keys';
import { answerPairs, distinctAnswers, equalityFromVerdicts, voteOnDebate, type Equality } from '../src/domain/voting';
import { ArtifactError } from '../src/errors';
import type { Task } from '../src/tasks/task';
import { countCompletions, type StoredCompletion } from './completions';
import type { ActivityDependencies } from './dependencies';
import { gradePairs } from './grading';
import { withHeartbeats } from './heartbeats';
import { runOf, type RunContexts } from './run-context';

export interface CloseShardInput {
  shard: ShardInput;
  failures: ProblemFailure[];
  /** Problems whose further samples for a vote could not be drawn: they stay without that vote. */
  failedVotes?: ProblemFailure[];
}

/** One line of a votes file: what was asked beside the debate of one problem. */
export interface VoteRecord {
  problemId: string;
  /** Of a vote over k, in sample order. */
  samples: { sample: number; answer: string | null; usage: Usage }[];
  /** How many of them the vote at equal tokens has; absent where none is taken, or tokens are unknown. */
  atEqualTokens?: number;
  /** Single answers at temperatures of their own; one that the endpoint refused is left out. */
  single?: { temperature: number; answer: string | null; usage: Usage }[];
}

/** What reading any turn of a shard needs to know. */
interface Reading {
  shard: ShardInput;
  rules: DebateRules;
  task: Task;
}

/** A debate as it is stored: its transcript, and the completions it is made of. */
interface ReadDebate {
  transcript: Transcript;
  completions: StoredCompletion[];
}

export function createShardActivities(dependencies: ActivityDependencies, contexts: RunContexts) {
  const { store } = dependencies;

  /** The problems of a shard; with its outcome where an earlier run of it has finished. */
  async function openShard(shard: ShardInput): Promise<OpenedShard> {
    return withHeartbeats(async () => {
      const problems = await contexts.shardProblems(shard);
      return { problemIds: problems.map(({ id }) => id), closed: await closedOutcome(placeOf(shard)) };
    });
  }

  /** Those of a range of shards that an earlier start has closed: nobody opens them again. */
  async function findClosedShards({ plan, iteration, split, from, count }: ClosedShardsInput): Promise<ShardOutcome[]> {
    return withHeartbeats(async () => {
      await contexts.run(plan);
      const numbers = Array.from({ length: count }, (_, index) => from + index);
      const outcomes = numbers.map((shard) => closedOutcome({ runId: plan.runId, iteration, split, shard }));
      return (await Promise.all(outcomes)).filter((outcome) => outcome !== undefined);
    });
  }

  async function closedOutcome(place: ShardPlace): Promise<ShardOutcome | undefined> {
    const closed = await readSealed<ShardOutcome>(store, iterationKeys.shardOutcome(place));
    return closed !== undefined && (await hasFiles(closed)) ? closed : undefined;
  }

  /** A lost file is made again from the turns, when the shard is closed again; a damaged one is an error. */
  async function hasFiles({ transcripts, votes }: ShardOutcome): Promise<boolean> {
    const files = [transcripts, ...(votes === undefined ? [] : [votes])];
    return (await Promise.all(files.map((file) => isStored(store, file)))).every((each) => each);
  }

  /** Grades, votes, writes the transcripts with `agrees` on every turn; the outcome is written last. */
  async function closeShard({ shard, failures, failedVotes = [] }: CloseShardInput): Promise<ShardOutcome> {
    return withHeartbeats(async () => {
      const task = await contexts.task({ ...runOf(shard.plan), split: shard.split });
      const debates = await readDebates(shard, failures, task);
      const equal = await equalityOf(
        shard,
        task,
        debates.map(({ transcript }) => transcript),
      );
      const { record } = await contexts.run(shard.plan);
      const transcripts = debates.map(({ transcript }) => voteOn(transcript, equal, record.specification.seed));
      const votes = await writeVotes(shard, transcripts, { without: [...failures, ...failedVotes], task });
      const outcome = {
        shard: shard.shard,
        transcripts: await publishLines(store, iterationKeys.transcripts(placeOf(shard)), transcripts),
        votes: votes?.reference,
        ...countConsensus(transcripts),
        ...countAll([...debates.flatMap(({ completions }) => completions), ...(votes?.completions ?? [])]),
      };
      const { content } = await publishSealed<ShardOutcome>(store, iterationKeys.shardOutcome(placeOf(shard)), outcome);
      return content;
    });
  }

  async function readDebates(shard: ShardInput, failures: ProblemFailure[], task: Task): Promise<ReadDebate[]> {
    const reasons = new Map(failures.map(({ problemId, reason }) => [problemId, reason]));
    const problems = await contexts.shardProblems(shard);
    const rules = await rulesOf(shard);
    return Promise.all(problems.map((problem) => readDebate({ shard, rules, task }, problem, reasons.get(problem.id))));
  }

  async function rulesOf({ plan, split }: ShardInput): Promise<DebateRules> {
    const { record } = await contexts.run(plan);
    return debateRules(record.specification, split);
  }

  /** All turns of one problem; of a failed one, those that were stored. */
  async function readDebate(reading: Reading, problem: Problem, failure: string | undefined): Promise<ReadDebate> {
    const { shard, rules } = reading;
    const completions: StoredCompletion[] = [];
    const rounds = await Promise.all(
      memberNumbers(shard.rounds).map(async (round): Promise<DebateRound> => {
        const places = memberNumbers(rules.members).map((member) => readTurn(reading, problem.id, { member, round }));
        const found = (await Promise.all(places)).filter((each) => each !== undefined);
        completions.push(...found.flatMap((each) => each.completions));
        return { round, turns: found.map(({ turn }) => turn) };
      }),
    );
    const incomplete = rounds.some(({ turns }) => turns.length < rules.members);
    if (incomplete && failure === undefined) {
      throw new ArtifactError(
        'some of its turns were debated and are lost. Restore the files, or start the run again: lost turns are asked again',
        `${shard.plan.runId}, problem ${problem.id}`,
      );
    }
    const { iteration, split } = shard;
    const consensus: Consensus = failure === undefined ? { kind: 'none' } : { kind: 'failed', reason: failure };
    const kept = rounds.filter(({ turns }) => turns.length > 0);
    const { id: problemId, question } = problem;
    return { transcript: { problemId, iteration, split, question, rounds: kept, consensus }, completions };
  }

  async function readTurn(
    { shard, rules, task }: Reading,
    problemId: string,
    { member, round }: { member: number; round: number },
  ): Promise<{ turn: Turn; completions: StoredCompletion[] } | undefined> {
    const { name, agent } = voiceOf({ member, round }, rules);
    const part = (part: 'response' | 'summary' | 'hinted') =>
      readSealed<StoredCompletion>(
        store,
        iterationKeys.turn({ ...placeOf(shard), problemId, round, agent: name, part }),
      );
    const stored = await part('response');
    if (stored === undefined) return undefined;
    const { messages, usage, model } = stored;
    const response = await said(shard, stored);
    const summed = await part('summary');
    const summary = summed && { messages: summed.messages, response: await said(shard, summed), usage: summed.usage };
    const reasked = shard.plan.hints === true && shard.split === 'train' ? await part('hinted') : undefined;
    const hinted = reasked && { ...reasked, response: await said(shard, reasked) };
    const turn = {
      member,
      agent,
      model,
      ...(summary === undefined ? {} : { summary }),
      messages,
      response,
      answer: await task.parse(response),
      ...endOf(stored),
      usage,
      ...(hinted === undefined ? {} : { hinted: await hintedResponse(hinted, task) }),
    };
    return { turn, completions: [stored, summed, reasked].filter((each) => each !== undefined) };
  }

  /** Verdicts on all distinct answers of a problem over all rounds; stored, because a time limit may fall differently later. */
  async function equalityOf(shard: ShardInput, task: Task, debates: Transcript[]): Promise<Equality> {
    const pairs = debates.flatMap((debate) => answerPairs(distinctAnswers(debate.rounds)));
    const verdicts = await gradePairs(dependencies, task, pairs, iterationKeys.verdicts(placeOf(shard)));
    return equalityFromVerdicts(verdicts);
  }

  /** Of all problems but those `without` their samples. Also the completions of the samples beyond the debate's own. */
  async function writeVotes(
    shard: ShardInput,
    debates: readonly Transcript[],
    { without, task }: { without: ProblemFailure[]; task: Task },
  ): Promise<{ reference: ArtifactReference; completions: StoredCompletion[] } | undefined> {
    if (shard.voteSamples === 0 && shard.furtherAnswers === undefined) return undefined;
    const left = new Set(without.map(({ problemId }) => problemId));
    const debated = debates.filter(({ problemId }) => !left.has(problemId));
    const votes = await Promise.all(debated.map((debate) => readVote(shard, debate, task)));
    const records = votes.map(({ record }) => record);
    const completions = votes.flatMap((vote) => vote.completions);
    return { reference: await publishLines(store, iterationKeys.votes(placeOf(shard)), records), completions };
  }

  /** What was asked beside one debate; the completions without the debate's own. */
  async function readVote(
    shard: ShardInput,
    { problemId, rounds }: Transcript,
    task: Task,
  ): Promise<{ record: VoteRecord; completions: StoredCompletion[] }> {
    const rules = await rulesOf(shard);
    const { atEqualTokens = false, temperatures = [] } = shard.furtherAnswers ?? {};
    const usages = rounds.map(({ turns }) => turns.flatMap(usagesOf));
    const atTokens = atEqualTokens ? samplesAtEqualTokens(usages[0] ?? [], usages.flat()) : undefined;
    const keyOf = ({ name }: Voice) =>
      iterationKeys.turn({ ...placeOf(shard), problemId, round: 1, agent: name, part: 'response' });
    const answerOf = async (stored: StoredCompletion) => ({
      answer: await task.parse(await said(shard, stored)),
      usage: stored.usage,
    });
    const drawn = await Promise.all(
      memberNumbers(Math.max(shard.voteSamples, atTokens ?? 0)).map((sample) =>
        requireSealed<StoredCompletion>(store, keyOf(sampleVoice(sample, rules))),
      ),
    );
    const asked = temperatures.map(async (temperature) => {
      const stored = await readSealed<StoredCompletion>(store, keyOf(temperatureVoice(temperature, rules)));
      return stored === undefined ? [] : [{ temperature, stored }];
    });
    const single = (await Promise.all(asked)).flat();
    const record = {
      problemId,
      samples: await Promise.all(
        drawn.map(async (stored, index) => ({ sample: index + 1, ...(await answerOf(stored)) })),
      ),
      ...(atTokens === undefined ? {} : { atEqualTokens: atTokens }),
      ...(single.length === 0
        ? {}
        : {
            single: await Promise.all(
              single.map(async ({ temperature, stored }) => ({ temperature, ...(await answerOf(stored)) })),
            ),
          }),
    };
    return { record, completions: [...drawn.slice(rules.members), ...single.map(({ stored }) => stored)] };
  }

  /** The stored completion keeps what the model thought aloud; the transcript holds what it said. */
  async function said({ plan }: ShardInput, { response }: StoredCompletion): Promise<string> {
    const { record } = await contexts.run(plan);
    return saidIn(response, record.specification.method.thinking);
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

/** What the shard takes by itself, and how much of it another run had asked already. */
function countAll(completions: readonly StoredCompletion[]): Pick<ShardOutcome, 'counts' | 'reused'> {
  const reused = completions.filter(({ reusedFrom }) => reusedFrom !== undefined);
  const counts = countCompletions(completions);
  return reused.length === 0 ? { counts } : { counts, reused: countCompletions(reused) };
}

async function hintedResponse(stored: StoredCompletion, task: Task): Promise<HintedResponse> {
  const { messages, response, usage } = stored;
  return { messages, response, answer: await task.parse(response), ...endOf(stored), usage };
}

function endOf({ finishReason, reportedReason }: StoredCompletion): CompletionEnd {
  return { finishReason, ...(reportedReason === undefined ? {} : { reportedReason }) };
}
