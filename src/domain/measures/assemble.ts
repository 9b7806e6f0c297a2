/** All measures of one iteration, from artifacts and scores: `measures.json`. What cannot be measured says why. */
import type { ConsensusAudit, Evaluation } from '../../contract/evaluation';
import type { CriticReading, ProbedShard, ProbingCost } from '../../contract/critic-reading';
import type {
  Cost,
  Measured,
  Measures,
  NotMeasurable,
  ResponseScoring,
  Role,
  ScoreBatch,
  ScoringKind,
} from '../../contract/measures';
import type { CallCounts } from '../../contract/run';
import type { WeightsRecord } from '../../contract/training-job';
import type { Split, Transcript } from '../../contract/transcript';
import { agreementOf } from '../accuracy';
import { addCounts, noCounts } from '../counts';
import { criticEffects } from './critic-effect';
import { criticReading, measuredIntervention, reasonAllFailed } from './critic-reading';
import { embeddingDissimilarity } from './embedding';
import { estimateMean, notMeasurable } from './estimates';
import { flipsBetween } from './flips';
import { heldOutLikelihood, klBetweenAgents, klFromBase, likelihoodUnder, ScoreTable } from './likelihood';
import { agentsOf, wholeRoundsOf, roundOf, type WholeRound } from './whole-rounds';
import { responseShape } from './responses';
import { accuracyByLevel, specialisation } from './specialisation';
import { trainingCost, wrongConsensus } from './training';

export interface MeasuresInput {
  runId: string;
  iteration: number;
  split: Split;
  method: string;
  seed: number;
  /** N, and the rounds of the evaluation debate. */
  members: number;
  rounds: number;
  transcripts: readonly Transcript[];
  evaluation: Evaluation;
  /** Evaluations of the iteration before and of iteration 0, on the same problems. */
  previous?: Evaluation;
  untuned?: Evaluation;
  audit?: ConsensusAudit;
  /** Of the agents trained in this iteration. */
  weights: readonly WeightsRecord[];
  /** Names of the measures asked for (`evaluation.measures`). */
  asked: readonly string[];
  /** The drawn problems that models scored. */
  measuredProblems: ReadonlySet<string>;
  embeddingModel: string;
  fixedScorer: string | null;
  baseOf(agent: string): string;
  batches: Readonly<Record<ResponseScoring, readonly ScoreBatch[]>>;
  /** Of the shards whose critics were asked again, and how many first responses per problem their evaluation drew. */
  probed: readonly ProbedShard[];
  drawnPerProblem: number;
  /** Kinds of scoring that could not be done, and why. */
  unscored: Readonly<Partial<Record<ScoringKind, string>>>;
  /** Whether there is a reference answer at all. */
  hasReferences: boolean;
  typeOf(problemId: string): string | undefined;
  levelOf?(problemId: string): number | undefined;
  isCorrect(problemId: string, answer: string): boolean;
  seconds: { debate: number; evaluation: number };
  debateCounts?: CallCounts;
  evaluationCounts: CallCounts;
}

export function assembleMeasures(input: MeasuresInput): Measures {
  const { runId, iteration, split, method, seed, transcripts } = input;
  const batches = Object.values(input.batches).flat();
  return {
    runId,
    iteration,
    split,
    method,
    seed,
    problems: transcripts.length,
    scored: {
      problems: transcripts.filter(({ problemId }) => input.measuredProblems.has(problemId)).length,
      tooLong: batches.reduce((sum, { tooLong }) => sum + tooLong, 0),
      ...refusedIn(batches),
      embeddingModel: input.embeddingModel,
      fixedScorer: input.fixedScorer,
    },
    agreement: agreement(input),
    embedding: { first: embedding(input, 1), last: embedding(input, input.rounds) },
    ...likelihoods(input),
    ...correctness(input),
    criticReading: reading(input),
    wrongConsensus: audited(input),
    responses: { first: shape(input, 1), last: shape(input, input.rounds) },
    cost: cost(input),
  };
}

function refusedIn(batches: readonly ScoreBatch[]): Pick<Measures['scored'], 'refused'> {
  const refused = batches.flatMap((batch) => batch.refused ?? []);
  const [first] = refused;
  const problems = new Set(refused.map(({ problemId }) => problemId)).size;
  return first === undefined ? {} : { refused: { problems, reason: first.reason } };
}

const notAskedFor = notMeasurable('not asked for in evaluation.measures');
const noMembers = notMeasurable('with one member there are no pairs');
const noScores = notMeasurable('no response was scored');
const noReferences = notMeasurable('there are no reference answers');
const noCritics = notMeasurable('with one round there are no critics');

function measured<Value extends object>(value: Value | undefined, otherwise: NotMeasurable): Measured<Value> {
  return value === undefined ? otherwise : { kind: 'measured', ...value };
}

function agreement({ asked, transcripts, evaluation }: MeasuresInput): Measures['agreement'] {
  if (!asked.includes('agreement')) return notAskedFor;
  const shares = transcripts.map(agreementOf).filter((share) => share !== undefined);
  const estimate = estimateMean(shares);
  const { withoutConsensus } = evaluation;
  return measured(estimate && { ...estimate, withoutConsensus }, notMeasurable('no problem has a consensus'));
}

function embedding(input: MeasuresInput, round: number): Measures['embedding']['first'] {
  const { asked, members, unscored, batches } = input;
  if (!asked.includes('embedding')) return notAskedFor;
  if (members < 2) return noMembers;
  if (unscored.embedding !== undefined) return notMeasurable(unscored.embedding);
  const pairs = batches.embedding.flatMap(({ dissimilarities }) => dissimilarities);
  return measured(embeddingDissimilarity(pairs.filter((pair) => pair.round === round)), noScores);
}

function likelihoods(input: MeasuresInput): Pick<Measures, 'heldOutLikelihood' | 'klBetweenAgents' | 'klFromBase'> {
  const table = new ScoreTable(input.batches.agents.flatMap(({ scores }) => scores));
  const perRole = <Value extends object>(measure: (wholeRounds: WholeRound[]) => Measured<Value>) => ({
    generation: measure(roundsOfRole(input, 'generation') ?? []),
    critic: withPanels(roundsOfRole(input, 'critic'), measure),
  });
  return {
    heldOutLikelihood: heldOut(input, table),
    klBetweenAgents: perRole((wholeRounds) => between(input, table, wholeRounds)),
    klFromBase: perRole((wholeRounds) => fromBase(input, table, wholeRounds)),
  };
}

function withPanels<Value extends object>(
  wholeRounds: WholeRound[] | undefined,
  measure: (wholeRounds: WholeRound[]) => Measured<Value>,
): Measured<Value> {
  return wholeRounds === undefined ? noCritics : measure(wholeRounds);
}

/** `undefined` if the role does not speak. */
function roundsOfRole(
  { transcripts, rounds, members, measuredProblems }: MeasuresInput,
  role: Role,
): WholeRound[] | undefined {
  const round = roundOf(role, rounds);
  if (round === undefined) return undefined;
  return wholeRoundsOf(transcripts, round, members).filter(({ problemId }) => measuredProblems.has(problemId));
}

function heldOut(input: MeasuresInput, table: ScoreTable): Measures['heldOutLikelihood'] {
  const { asked, unscored, fixedScorer, batches, rounds, members } = input;
  if (!asked.includes('nll')) return notAskedFor;
  const wholeRounds = roundsOfRole(input, rounds > 1 ? 'critic' : 'generation') ?? [];
  if (fixedScorer !== null) {
    if (unscored.scorer !== undefined) return notMeasurable(unscored.scorer);
    const ofScorer = new ScoreTable(batches.scorer.flatMap(({ scores }) => scores));
    return measured(likelihoodUnder(ofScorer, wholeRounds, fixedScorer), noScores);
  }
  if (unscored.agents !== undefined) return notMeasurable(unscored.agents);
  const isOneModel = new Set(wholeRounds.flatMap(({ turns }) => turns.map(({ model }) => model))).size <= 1;
  if (!isOneModel && rounds === 1) return noCritics;
  if (!isOneModel && members < 3) return notMeasurable(`a held-out critic needs three members; there are ${members}`);
  return measured(heldOutLikelihood(table, wholeRounds), noScores);
}

function between(
  { asked, members, unscored }: MeasuresInput,
  table: ScoreTable,
  wholeRounds: WholeRound[],
): Measures['klBetweenAgents'][Role] {
  if (!asked.includes('kl-agents')) return notAskedFor;
  if (members < 2) return noMembers;
  if (unscored.agents !== undefined) return notMeasurable(unscored.agents);
  return measured(klBetweenAgents(table, wholeRounds), noScores);
}

function fromBase(
  { asked, unscored, baseOf }: MeasuresInput,
  table: ScoreTable,
  wholeRounds: WholeRound[],
): Measures['klFromBase'][Role] {
  if (!asked.includes('kl-base')) return notAskedFor;
  if (unscored.agents !== undefined) return notMeasurable(unscored.agents);
  return measured(klFromBase(table, wholeRounds, agentsOf(wholeRounds).map(baseOf)), noScores);
}

/** The measures that need reference answers. */
function correctness(input: MeasuresInput): Pick<Measures, 'specialisation' | 'criticEffect' | 'flips'> {
  const { hasReferences, rounds, evaluation, previous, untuned, iteration } = input;
  if (!hasReferences) {
    const flips = { sincePrevious: noReferences, sinceUntuned: noReferences };
    return { specialisation: noReferences, criticEffect: noReferences, flips };
  }
  const right = new Map(evaluation.perProblem.map(({ problemId, correct }) => [problemId, correct.society === true]));
  const judged = { ...input, societyRight: (problemId: string) => right.get(problemId) === true };
  const levels = accuracyByLevel(judged);
  const since = (before: Evaluation | undefined) =>
    measured(
      before && flipsBetween(before, evaluation),
      notMeasurable(iteration === 0 ? 'nothing was evaluated before' : 'the earlier evaluation is missing'),
    );
  const critics = rounds > 1 ? criticEffects(input) : [];
  return {
    specialisation: { kind: 'measured', rows: specialisation(judged), ...(levels.length > 0 && { levels }) },
    criticEffect:
      rounds === 1
        ? noCritics
        : measured(critics.length === 0 ? undefined : { critics }, notMeasurable('no problem was debated to the end')),
    flips: { sincePrevious: since(previous), sinceUntuned: since(untuned) },
  };
}

/** Whether its critics use what they read. */
function reading(input: MeasuresInput): Measured<CriticReading> {
  const { asked, members, rounds, unscored, hasReferences, probed } = input;
  if (!asked.includes('critic-reading')) return notAskedFor;
  if (rounds === 1) return noCritics;
  if (members < 2) return notMeasurable('with one member there are no others to read');
  if (!hasReferences) return noReferences;
  if (unscored.critics !== undefined) return notMeasurable(unscored.critics);
  if (probed.length === 0)
    return notMeasurable('no votes were taken here (evaluation.votes), whose samples the critics are shown');
  const problems = probed.flatMap((shard) => shard.problems);
  const refusal = reasonAllFailed(problems);
  if (refusal !== undefined) return notMeasurable(refusal);
  return { kind: 'measured', ...criticReading(problems, measuredIntervention(input.drawnPerProblem)) };
}

function audited({ iteration, audit }: MeasuresInput): Measures['wrongConsensus'] {
  if (iteration === 0) return notMeasurable('nothing was trained before iteration 1');
  const found = audit && wrongConsensus(audit);
  return measured(
    found,
    notMeasurable(audit === undefined ? 'there is no audit' : 'no training example has a reference answer'),
  );
}

function shape({ transcripts, members }: MeasuresInput, round: number): Measures['responses']['first'] {
  return measured(responseShape(wholeRoundsOf(transcripts, round, members)), notMeasurable('no problem was answered'));
}

function cost(input: MeasuresInput): Cost {
  const { iteration, weights, seconds, debateCounts, evaluationCounts, batches } = input;
  const nothingTrained = notMeasurable('nothing was trained before iteration 1');
  const all = Object.values(batches).flat();
  const sum = (of: 'texts' | 'tokens' | 'seconds') => all.reduce((total, batch) => total + batch[of], 0);
  return {
    debate: measured(debateCounts && { counts: debateCounts, seconds: seconds.debate }, nothingTrained),
    evaluation: { counts: evaluationCounts, seconds: seconds.evaluation },
    training: iteration === 0 ? nothingTrained : { kind: 'measured', ...trainingCost(weights) },
    scoring: { texts: sum('texts'), tokens: sum('tokens'), seconds: sum('seconds') },
    ...(input.probed.length === 0 ? {} : { criticReading: probingCost(input.probed) }),
    money: notMeasurable('prices are a setting of the machine: the report works money out from the tokens'),
  };
}

/** Shards are probed at the same time, so these seconds may exceed those on the clock. */
function probingCost(probed: readonly ProbedShard[]): ProbingCost {
  const costs = probed.map((shard) => shard.cost);
  const lost = addCounts(noCounts, ...costs.flatMap((cost) => cost.lost ?? []));
  return {
    counts: addCounts(noCounts, ...costs.map(({ counts }) => counts)),
    reused: addCounts(noCounts, ...costs.map(({ reused }) => reused)),
    ...(lost.calls === 0 ? {} : { lost }),
    seconds: costs.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
