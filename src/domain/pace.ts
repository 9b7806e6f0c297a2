/**
 * What still fits before a run's deadline, from what its stages have taken so far. Pure: workflows ask it with their own
 * clock. Unknown is never taken as nothing: while no training has been measured, half of the time is kept for it.
 */
import type { Pace } from '../contract/landing';
import type { RunPlan, Stage, StageTiming } from '../contract/run';

/** How much longer than measured a stage may take. */
const margin = 1.2;

type PacedStage = keyof Pace;
const paced: readonly PacedStage[] = ['debate', 'evaluate', 'validate', 'finetune'];

/** Seconds per problem of the newest stage of each kind. */
export function paceOf(
  timings: readonly Pick<StageTiming, 'stage' | 'iteration' | 'seconds'>[],
  problemsOf: (stage: PacedStage, iteration: number) => number,
): Pace {
  const rates = paced.flatMap((stage) => {
    const newest = timings.findLast((timing) => timing.stage === stage);
    const problems = newest === undefined ? 0 : problemsOf(stage, newest.iteration);
    return newest === undefined || problems === 0 ? [] : [[stage, newest.seconds / problems] as const];
  });
  return Object.fromEntries(rates);
}

/** Of a run: what it has measured itself goes before what earlier runs did. */
export function paceOfRun(plan: RunPlan, timings: readonly StageTiming[]): Pace {
  const own = paceOf(timings, (stage) => plannedProblems(plan, stage));
  const known = Object.fromEntries(
    paced.flatMap((stage) => {
      // A trained society takes longer to evaluate than what this run has measured at its start: its weights are loaded first.
      const isSlowest = plan.resumed === true || stage === 'evaluate';
      const rate = chosen(own[stage], plan.pace?.[stage], isSlowest);
      return rate === undefined ? [] : [[stage, rate]];
    }),
  ) as Pace;
  if (known.debate !== undefined || known.evaluate === undefined) return known;
  return { ...known, debate: known.evaluate * debateShare(plan) };
}

/** A resumed run passes in no time what is stored: then, too, the slower one of two figures counts. */
function chosen(own: number | undefined, earlier: number | undefined, isSlowest: boolean): number | undefined {
  if (own === undefined || earlier === undefined) return own ?? earlier;
  return isSlowest ? Math.max(own, earlier) : own;
}

/** Turns of a training debate per turn of an evaluation debate; what else an evaluation asks counts as the debate's. */
function debateShare({ members, rounds, evaluationMembers = members, evaluationRounds }: RunPlan): number {
  return Math.max(1, (members * rounds) / (evaluationMembers * evaluationRounds));
}

export function plannedProblems(plan: RunPlan, stage: Stage): number {
  if (stage === 'evaluate') return plan.evaluationProblems;
  return stage === 'validate' ? (plan.validationProblems ?? 0) : plan.trainProblems;
}

/** Seconds that an evaluation and what follows it will take; undefined if no evaluation has been measured. */
export function secondsToEvaluate(plan: RunPlan, timings: readonly StageTiming[]): number | undefined {
  const { evaluate, validate } = paceOfRun(plan, timings);
  if (evaluate === undefined) return undefined;
  const newest = (stage: Stage) => timings.findLast((timing) => timing.stage === stage)?.seconds ?? 0;
  // A report follows the evaluation, and another one the decision on the run's line.
  const others = newest('select') + 2 * newest('report');
  const validation = (plan.validationProblems ?? 0) * (validate ?? evaluate);
  return margin * (plan.evaluationProblems * evaluate + validation + others);
}

/**
 * Seconds from the end of the training debate of so many problems to the end of the run; training is undefined if unknown.
 * Fewer problems save half as much training as they are fewer: trainers start, and weights load and are written, all the same.
 */
export function secondsAfterDebate(
  plan: RunPlan,
  timings: readonly StageTiming[],
  problems: number,
): { training: number | undefined; evaluation: number } {
  const { finetune } = paceOfRun(plan, timings);
  const counted = problems === 0 ? 0 : (problems + plan.trainProblems) / 2;
  const training = finetune === undefined ? undefined : margin * finetune * counted;
  return { training, evaluation: secondsToEvaluate(plan, timings) ?? 0 };
}

export interface OpenDebate {
  plan: RunPlan;
  timings: readonly StageTiming[];
  /** Seconds since the debate began, and to the deadline. */
  elapsed: number;
  left: number;
  /** Problems of the shards that are open or closed, the one that asks included; and of those that are closed. */
  opened: number;
  closed: number;
}

/** Whether a shard may be opened: what is open with it can still be debated, trained on, evaluated and reported. */
export function fitsDebate({ plan, timings, elapsed, left, opened, closed }: OpenDebate): boolean {
  const { training, evaluation } = secondsAfterDebate(plan, timings, opened);
  const debate = margin * (opened - closed) * (debateRate({ plan, timings, elapsed, closed }) ?? 0);
  if (training !== undefined) return debate + training + evaluation <= left;
  // Half of what evaluation leaves is for the debate, the other half for trainings that nobody has measured.
  const half = (elapsed + left - evaluation) / 2;
  return half > 0 && elapsed + debate <= half;
}

/** Shards run side by side: only after a whole window of them does this debate say how fast it goes. */
function debateRate({
  plan,
  timings,
  elapsed,
  closed,
}: Pick<OpenDebate, 'plan' | 'timings' | 'elapsed' | 'closed'>): number | undefined {
  const { debate } = paceOfRun(plan, timings);
  if (closed < plan.shardsInFlight * plan.shardSize) return debate;
  return chosen(elapsed / closed, debate, plan.resumed === true);
}
