/** Scoring against reference answers: evaluation, and the audit of what selection did. */
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
import { debateRules } from '../src/domain/debate-rules';
import { voteSizes } from '../src/domain/plan';
import { distinctAnswers } from '../src/domain/voting';
import { readTranscripts } from '../src/stored-runs/stored-run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { References } from './references';
import { runOf, type LoadedRuns, type SplitPlace } from './loaded-runs';
import type { VoteRecord } from './stored-turns';

export interface AuditInput {
  plan: RunPlan;
  iteration: number;
  shards: ShardOutcome[];
}

export function createEvaluationActivities(
  { store }: ActivityDependencies,
  loadedRuns: LoadedRuns,
  references: References,
) {
  /** Every answer mode of one society on every evaluation problem, against the reference answers. */
  async function scoreEvaluation({ plan, iteration, shards, split = 'eval' }: ScoreInput): Promise<EvaluationOutcome> {
    return withHeartbeats(async () => {
      const place: SplitPlace = { ...runOf(plan), split, iteration };
      const { record } = await loadedRuns.run(plan);
      const transcripts = await readTranscripts(store, shards);
      const votes = await readVotes(shards);
      const judge = await references.judge(
        place,
        allAnswers(transcripts, votes),
        iterationKeys.referenceVerdicts(place),
      );
      const { members, rounds } = debateRules(record.specification, place.split);
      const evaluation = evaluateTranscripts({
        ...place,
        seed: record.specification.seed,
        members,
        rounds,
        answersBy: record.specification.method.evaluateBy,
        ownSamples: plan.ownVoteSamples || members,
        transcripts,
        beside: new Map(votes.map(({ problemId, ...beside }) => [problemId, beside])),
        temperatures: votes.length === 0 ? [] : (plan.furtherAnswers?.temperatures ?? []),
        voteSizes: split !== 'eval' || plan.voteAtIterations.length === 0 ? [] : voteSizes(record.specification),
        equal: judge.equal,
        isCorrect: (problemId, answer) => judge.isRight(problemId, answer) === true,
      });
      const key = iterationKeys.evaluation(place, split);
      const isLabelled = (await references.count(place)) > 0;
      const judged = isLabelled ? evaluation : withoutAccuracy(evaluation);
      const { content } = await publishSealed<Evaluation>(store, key, judged);
      return outcomeOf(content, shards);
    });
  }

  /** How often the consensus behind the training sets was right; runs after selection, which never sees it. */
  async function auditTraining({ plan, iteration, shards }: AuditInput): Promise<ConsensusAudit> {
    return withHeartbeats(async () => {
      const place: SplitPlace = { ...runOf(plan), split: 'train', iteration };
      const transcripts = await readTranscripts(store, shards);
      const key = iterationKeys.referenceVerdicts(place);
      const { isRight } = await references.judge(place, allAnswers(transcripts, []), key);
      const trainingSets = await readTrainingSets(plan, iteration);
      const audit = auditConsensus({ iteration, transcripts, trainingSets, isRight });
      return (await publishSealed<ConsensusAudit>(store, iterationKeys.audit(place), audit)).content;
    });
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

  return { scoreEvaluation, auditTraining };
}

/** The different answers of every problem, over all rounds and samples. */
function allAnswers(transcripts: Transcript[], votes: VoteRecord[]): Map<string, string[]> {
  const sampled = new Map(
    votes.map(({ problemId, samples, single = [] }) => [
      problemId,
      [...samples, ...single].map(({ answer }) => answer),
    ]),
  );
  return new Map(
    transcripts.map(({ problemId, rounds }) => [problemId, distinctAnswers(rounds, sampled.get(problemId))]),
  );
}

/** Without reference answers nobody knows what is right: no share of right answers is stored, not even 0. */
function withoutAccuracy(evaluation: Evaluation): Evaluation {
  return { ...evaluation, modes: [], members: [], meanFirstAccuracy: null, perProblem: [] };
}

function outcomeOf(evaluation: Evaluation, shards: ShardOutcome[]): EvaluationOutcome {
  const society = evaluation.modes.find(({ mode }) => mode === 'society');
  const { problems, failed, agreement } = evaluation;
  const counts = addCounts(noCounts, ...shards.map((shard) => shard.counts));
  return { accuracy: society?.accuracy ?? null, problems, failed, agreement, counts };
}
