/** Model calls and trainings that a run asks for, known before it starts. What `maft validate` prints. */
import type { RunPlan } from '../contract/run';
import type { RunSpecification } from '../contract/specification';
import { evaluationSize } from './debate-rules';
import { iterationsTo } from './identifiers';
import { mostCallsPerProblem } from './measures/critic-reading';
import { callsPerDebate, deriveRunPlan, drawnPerProblem } from './plan';

export interface Workload {
  calls: {
    /** Debates over the training problems, all iterations. */
    training: number;
    /** The societies of iterations 0..L on the evaluation problems, votes beside the debate included. */
    evaluation: number;
    /** The same on the validation split, if `stopWhen` has one. */
    validation: number;
    total: number;
    /**
     * Beyond the total: what measuring whether critics read takes at most. Not all problems have enough right and wrong
     * first answers.
     */
    criticReading: number;
  };
  /** Finetunings: agents times iterations. */
  trainings: number;
  /** Whether model output decides the number of calls (hints, votes at equal tokens): figures are a lower bound. */
  isLowerBound: boolean;
  /** Whether the run may end before its last iteration, which makes the figures an upper bound. */
  mayStopEarly: boolean;
}

/** For a resolved specification. Calls that fail and are asked again, and turns that are reused, are not foreseen. */
export function plannedWorkload(specification: RunSpecification): Workload {
  const plan = deriveRunPlan(specification, specification.name);
  const { summary } = specification.method;
  const societies = iterationsTo(plan.iterations);
  const evaluated = evaluationSize(specification);
  const debate = callsPerDebate({ ...evaluated, summary });
  const ownVote = plan.ownVoteSamples ?? 0;
  const answer = (samples: number) => debate + Math.max(0, samples - evaluated.members);
  const isVoted = (iteration: number) => plan.voteAtIterations.includes(iteration);
  const votes = (iteration: number) => (isVoted(iteration) ? plan.voteSamples : 0);
  const singleCalls = plan.furtherAnswers?.temperatures?.length ?? 0;
  const calls = {
    training:
      plan.iterations * plan.trainProblems * callsPerDebate({ members: plan.members, rounds: plan.rounds, summary }),
    evaluation:
      plan.evaluationProblems *
      sum(societies.map((l) => answer(Math.max(votes(l), ownVote)) + (isVoted(l) ? singleCalls : 0))),
    validation: societies.length * (plan.validationProblems ?? 0) * answer(ownVote),
  };
  return {
    calls: { ...calls, total: sum(Object.values(calls)), criticReading: callsOfReading(specification, plan) },
    trainings: plan.iterations * plan.trainedAgents.length,
    isLowerBound: plan.furtherAnswers?.atEqualTokens === true || (plan.hints === true && plan.iterations > 0),
    mayStopEarly: specification.stopWhen.signal !== 'never' || specification.guard === 'stop',
  };
}

function callsOfReading(specification: RunSpecification, plan: RunPlan): number {
  if (plan.scoring?.includes('critics') !== true) return 0;
  const problems = Math.min(specification.evaluation.measuredProblems, plan.evaluationProblems);
  const drawn = drawnPerProblem(evaluationSize(specification), plan);
  const each = mostCallsPerProblem({ drawn, summary: specification.method.summary });
  return plan.voteAtIterations.length * problems * each;
}

/** The prefix of its figures: `at least `, `at most `, or nothing. */
export function boundText({ isLowerBound, mayStopEarly }: Pick<Workload, 'isLowerBound' | 'mayStopEarly'>): string {
  if (isLowerBound) return 'at least ';
  return mayStopEarly ? 'at most ' : '';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
