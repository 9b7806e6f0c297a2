/** Scoring: the only activities, besides the named `select: reference`, that load reference answers. */
import type { ConsensusAudit, Evaluation } from '../src/contract/evaluation';
import type { EvaluationOutcome, RunPlan, ScoreInput, ShardOutcome } from '../src/contract/run';
import type { TrainingExample } from '../src/contract/training';
import type { Transcript } from '../src/contract/transcript';
import { parseLines } from '../src/artifacts/lines';
import { publishSealed } from '../src/artifacts/sealed';
import { evaluateTranscripts } from '../src/domain/accuracy';
import { auditConsensus } from '../src/domain/audit';
import { addCounts, noCounts } from '../src/domain/counts';
import { iterationKeys } from '../src/domain/keys';
import { equalityFromVerdicts, type PairVerdict } from '../src/domain/voting';
import type { AnswerPair } from '../src/ports';
import type { ActivityDependencies } from './dependencies';
import { gradePairs } from './grading';
import { withHeartbeats } from './heartbeats';
import type { RunContexts, SplitPlace } from './run-context';
import type { VoteRecord } from './shards';

export interface AuditInput {
  plan: RunPlan;
  iteration: number;
  shards: ShardOutcome[];
}

export function createEvaluationActivities(dependencies: ActivityDependencies, contexts: RunContexts) {
  const { store } = dependencies;

  /** Every answer mode of one society on every evaluation problem, against the reference answers. */
  async function scoreEvaluation({ plan, iteration, shards }: ScoreInput): Promise<EvaluationOutcome> {
    return withHeartbeats(async () => {
      const place: SplitPlace = { runId: plan.runId, split: 'eval', iteration };
      const { record } = await contexts.run(plan.runId);
      const transcripts = await readTranscripts(shards);
      const votes = await readVotes(shards);
      const answers = new Map(transcripts.map((transcript) => [transcript.problemId, allAnswers(transcript, votes)]));
      const judge = await judgeAnswers(place, answers);
      const evaluation = evaluateTranscripts({
        ...place,
        seed: record.specification.seed,
        members: plan.members,
        rounds: plan.evaluationRounds,
        answersBy: record.specification.method.evaluateBy,
        transcripts,
        samples: new Map(votes.map(({ problemId, samples }) => [problemId, samples])),
        ...judge,
      });
      const key = iterationKeys.evaluation(place);
      const { content } = await publishSealed<Evaluation>(store, key, evaluation);
      return outcomeOf(content, shards);
    });
  }

  /** How right the consensus was that the training sets rest on; runs after selection, which never sees it. */
  async function auditTraining({ plan, iteration, shards }: AuditInput): Promise<ConsensusAudit> {
    return withHeartbeats(async () => {
      const place: SplitPlace = { runId: plan.runId, split: 'train', iteration };
      const transcripts = await readTranscripts(shards);
      const answers = new Map(transcripts.map((transcript) => [transcript.problemId, allAnswers(transcript, [])]));
      const { isCorrect } = await judgeAnswers(place, answers);
      const trainingSets = await readTrainingSets(plan, iteration);
      const audit = auditConsensus({ iteration, transcripts, trainingSets, isCorrect });
      return (await publishSealed<ConsensusAudit>(store, iterationKeys.audit(place), audit)).content;
    });
  }

  async function readTranscripts(shards: ShardOutcome[]): Promise<Transcript[]> {
    const files = await Promise.all(shards.map(({ transcripts }) => store.readVerified(transcripts)));
    return files.flatMap((bytes) => parseLines<Transcript>(bytes));
  }

  async function readVotes(shards: ShardOutcome[]): Promise<VoteRecord[]> {
    const references = shards.flatMap(({ votes }) => (votes === undefined ? [] : [votes]));
    const files = await Promise.all(references.map((reference) => store.readVerified(reference)));
    return files.flatMap((bytes) => parseLines<VoteRecord>(bytes));
  }

  async function readTrainingSets(plan: RunPlan, iteration: number): Promise<Map<string, TrainingExample[]>> {
    const sets = plan.trainedAgents.map(async (agent): Promise<[string, TrainingExample[]]> => {
      const bytes = await store.read(iterationKeys.trainingSet({ runId: plan.runId, iteration }, agent));
      return [agent, bytes === undefined ? [] : parseLines<TrainingExample>(bytes)];
    });
    return new Map(await Promise.all(sets));
  }

  /** Equality among the answers of each problem, and with its reference; verdicts are stored beside the result. */
  async function judgeAnswers(place: SplitPlace, answers: Map<string, string[]>) {
    const { task } = await contexts.run(place.runId);
    const references = await contexts.references(place);
    const pairs = [...answers].flatMap(([problemId, given]) => pairsOf(given, references.get(problemId)));
    const key = `${iterationKeys.evaluation(place).replace(/[^/]+$/, '')}verdicts/${place.split}/references.json`;
    const verdicts: PairVerdict[] = await gradePairs(dependencies, task, distinctPairs(pairs), key);
    const equal = equalityFromVerdicts(verdicts);
    const isCorrect = (problemId: string, answer: string): boolean => {
      const reference = references.get(problemId);
      return reference !== undefined && equal(answer, reference);
    };
    return { equal, isCorrect };
  }

  return { scoreEvaluation, auditTraining };
}

/** The distinct answers of a problem over all rounds and samples. */
function allAnswers({ problemId, rounds }: Transcript, votes: VoteRecord[]): string[] {
  const turns = rounds.flatMap((round) => round.turns);
  const samples = votes.find((vote) => vote.problemId === problemId)?.samples ?? [];
  return [...new Set([...turns, ...samples].map(({ answer }) => answer).filter((answer) => answer !== null))];
}

function pairsOf(answers: string[], reference: string | undefined): AnswerPair[] {
  const among = answers.flatMap((a, index) => answers.slice(index + 1).map((b) => ({ a, b })));
  return reference === undefined ? among : [...among, ...answers.map((a) => ({ a, b: reference }))];
}

/** Whether two answers are equal does not depend on the problem, so each pair is asked once. */
function distinctPairs(pairs: AnswerPair[]): AnswerPair[] {
  const different = pairs.filter(({ a, b }) => a !== b);
  return [...new Map(different.map((pair) => [JSON.stringify([pair.a, pair.b]), pair])).values()];
}

function outcomeOf(evaluation: Evaluation, shards: ShardOutcome[]): EvaluationOutcome {
  const society = evaluation.modes.find(({ mode }) => mode === 'society');
  const { problems, failed, agreement } = evaluation;
  const counts = addCounts(noCounts, ...shards.map((shard) => shard.counts));
  return { accuracy: society?.accuracy ?? 0, problems, failed, agreement, counts };
}
