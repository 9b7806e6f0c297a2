/** One accuracy per society and answer mode, with the per-problem results that make comparisons paired. */
import { equalTokens } from '../../contract/evaluation';
import type { AnswerMode, Evaluation, ModeResult, ProblemResult } from '../../contract/evaluation';
import { namedRules } from '../named-rules';
import { comparePaired, countPairs, type PairedComparison } from '../statistics';
import type { RunPlan } from '../../contract/run';
import type { RunSpecification } from '../../contract/specification';

export interface Measurement {
  /** 0 for the untuned society. */
  iteration: number;
  mode: AnswerMode;
  result: ModeResult;
  /** Whether each problem was answered correctly. */
  correct: Map<string, boolean>;
}

/** What decides how the society answers, and so which modes repeat its own. */
export interface AnswerShape {
  /** N at evaluation. */
  members: number;
  /** k of the vote that the society itself answers by, if it votes. */
  samples: number;
  /** Rounds of an evaluation debate. */
  rounds: number;
  evaluateBy: RunSpecification['method']['evaluateBy'];
  /** Named beside every tuned result (`namedRules`); may be empty. */
  rules: string;
  /** Whether this run finetunes any agent. */
  trains: boolean;
  /** Untuned methods the report shows beside the society. */
  baselines: readonly RunSpecification['evaluation']['baselines'][number][];
  /** What iteration 0 is: `untuned`, or the society that the run started from, such as `demo@2`. */
  start: string;
}

/** Where a run starts by default. */
export const untunedStart = 'untuned';

/** What a run started from, after "of": `the untuned society`, or `the society demo@2`. */
export function nameOfStart({ model }: RunSpecification): string {
  return model.society === undefined ? 'the untuned society' : `the society ${model.society}`;
}

export function answerShape(plan: RunPlan, specification: RunSpecification): AnswerShape {
  const { evaluateBy } = specification.method;
  const { baselines } = specification.evaluation;
  const members = plan.evaluationMembers ?? plan.members;
  return {
    members,
    samples: plan.ownVoteSamples || members,
    rounds: plan.evaluationRounds,
    evaluateBy,
    rules: namedRules(specification),
    trains: plan.iterations > 0 && plan.trainedAgents.length > 0,
    baselines,
    start: specification.model.society ?? untunedStart,
  };
}

/** Every mode of every evaluated iteration, except those that repeat another mode under a second name. */
export function collectMeasurements(
  iterations: readonly { iteration: number; evaluation?: Evaluation }[],
  shape: AnswerShape,
): Measurement[] {
  return iterations.flatMap(({ iteration, evaluation }) =>
    (evaluation?.modes ?? [])
      .filter(({ mode }) => !repeatsAnotherMode(mode, shape))
      .map((result) => measurement(iteration, result, evaluation?.perProblem ?? [])),
  );
}

/** One way of answering in one evaluation, even if it repeats another mode there. */
export function measurementIn(evaluation: Evaluation, mode: AnswerMode): Measurement | undefined {
  const result = evaluation.modes.find((each) => each.mode === mode);
  return result && measurement(evaluation.iteration, result, evaluation.perProblem);
}

function measurement(iteration: number, result: ModeResult, perProblem: ProblemResult[]): Measurement {
  return { iteration, mode: result.mode, result, correct: correctnessOf(perProblem, result.mode) };
}

/** Paired comparison over the problems both answered; `null` if they share none. */
export function compareMeasurements(first: Measurement, second: Measurement): PairedComparison | null {
  const shared = [...first.correct.keys()].filter((problemId) => second.correct.has(problemId));
  if (shared.length === 0) return null;
  const results = (measurement: Measurement) => shared.map((problemId) => measurement.correct.get(problemId) === true);
  return comparePaired(countPairs(results(first), results(second)));
}

export function findMeasurement(
  measurements: Measurement[],
  wanted: { iteration: number; mode: AnswerMode },
): Measurement | undefined {
  return measurements.find(({ iteration, mode }) => iteration === wanted.iteration && mode === wanted.mode);
}

/** k of `vote-<k>`; `null` for the other modes. */
export function votesOf(mode: AnswerMode): number | null {
  return mode.startsWith('vote-') && mode !== equalTokens ? Number(mode.slice('vote-'.length)) : null;
}

/** T of `sample-at-<T>`; `null` for the other modes. */
export function temperatureOf(mode: AnswerMode): number | null {
  return mode.startsWith('sample-at-') ? Number(mode.slice('sample-at-'.length)) : null;
}

/** A way of answering that is not the society's own, in words: `vote over 9`, `one sample at temperature 0`. */
export function nameOfMode(mode: Exclude<AnswerMode, 'society'>): string {
  if (mode === equalTokens) return 'vote at equal tokens';
  const [votes, temperature] = [votesOf(mode), temperatureOf(mode)];
  if (votes !== null) return `vote over ${votes}`;
  return temperature === null ? 'one sample' : `one sample at temperature ${temperature}`;
}

/** A vote over one sample is that sample; with one round, the society's own mode is a vote or a sample. */
function repeatsAnotherMode(mode: AnswerMode, { members, samples, rounds, evaluateBy }: AnswerShape): boolean {
  if (mode === 'vote-1') return true;
  if (mode === 'society' || rounds > 1) return false;
  const societySamples = evaluateBy === 'sample' || members === 1;
  return societySamples ? mode === 'sample' : mode === `vote-${samples}`;
}

function correctnessOf(perProblem: ProblemResult[], mode: AnswerMode): Map<string, boolean> {
  const entries = perProblem.flatMap(({ problemId, correct }): [string, boolean][] => {
    const right = correct[mode];
    return right === undefined ? [] : [[problemId, right]];
  });
  return new Map(entries);
}
