/**
 * Landing: a run ends early and softly (docs/decisions, 30). It is planned before each stage and each shard, from what
 * stages have taken; what is open then ends, is voted on, trained, evaluated and reported. If the deadline comes all the
 * same, the stage that is open is cancelled, and a pause holds the run no longer.
 */
import { CancellationScope, isCancellation, log, sleep, workflowInfo } from '@temporalio/workflow';
import type { Landing } from '../src/contract/landing';
import type { RunPlan, ShardInput, ShardOutcome } from '../src/contract/run';
import { fitsDebate, secondsAfterDebate, secondsToEvaluate } from '../src/domain/pace';
import { light } from './activity-proxies';
import { outlastingOutages } from './outages';
import type { RunContext } from './run-context';
import { fieldsOf } from './signal-input';

/** Ends the stages of a run that is landing. Never leaves `landingEarly`. */
class EndsHere extends Error {}

/** When the run is to have ended; undefined without `limits.deadline`, and then nothing is asked. */
export async function findDeadline(input: unknown[]): Promise<number | undefined> {
  const limits = fieldsOf(fieldsOf(input[0]).limits);
  if (limits.deadline === undefined) return undefined;
  const startedAt = workflowInfo().startTime.getTime();
  // Also while the run is paused: nothing else would end that pause.
  return (await light.findDeadline({ limits, startedAt })) ?? undefined;
}

/** Performs the stages of a run until they are done or the run lands. Without a deadline it adds nothing. */
export async function landingEarly(run: RunContext, perform: () => Promise<void>): Promise<void> {
  const scope = new CancellationScope();
  let isOpen = true;
  let isCut = false;
  const cut = (landing: Landing) => {
    isCut = isOpen;
    if (isOpen) landWith(run, landing);
    scope.cancel();
  };
  void whenLate(run, () => {
    cut({ reason: 'late', why: `its deadline ${deadlineText(run)} came during ${whereNow(run)}` });
    run.gate.release(`its deadline ${deadlineText(run)} has passed`);
  });
  run.treasury.atCap = (why) => {
    if (!waitsForNobody(run)) return false;
    cut({ reason: 'budget', why: `${why}, during ${whereNow(run)}` });
    return true;
  };
  try {
    await scope.run(perform);
  } catch (error) {
    const isByUs = isCut && isCancellation(error) && !CancellationScope.current().consideredCancelled;
    if (!(error instanceof EndsHere) && !isByUs) throw error;
    log.warn('landed', { why: run.landing?.why });
  } finally {
    isOpen = false;
  }
}

/** A run that a schedule has started, or that has a deadline, does not pause at a cap until people raise it. */
function waitsForNobody(run: RunContext): boolean {
  return run.deadline !== undefined || workflowInfo().searchAttributes.TemporalScheduledById !== undefined;
}

/** The timer goes on to the end of the run: no later stage waits for people past the deadline either. */
async function whenLate(run: RunContext, act: () => void): Promise<void> {
  if (run.deadline === undefined) return;
  try {
    await sleep(Math.max(1, run.deadline - Date.now()));
    act();
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}

function whereNow(run: RunContext): string {
  const { stage, iteration, paused, pauseReason } = run.progress();
  const pause = paused ? `, while it was paused (${pauseReason ?? 'on request'})` : '';
  return `${stage === 'resolve' ? 'its start' : `the stage ${stage} of iteration ${iteration}`}${pause}`;
}

/** What stops a run that is landing already is said beside why it lands. */
function landWith(run: RunContext, { reason, why }: Landing): void {
  if (run.landing === undefined || run.landing.why === why) run.land({ reason, why });
  else run.relabel(`${run.landing.why}; ${why}`);
}

/** What a run is to be stopped for goes here: the deadline, or a cap that is reached. */
function endHere(run: RunContext, landing: Landing): never {
  landWith(run, landing);
  throw new EndsHere(landing.why);
}

/** Before the society of an iteration is evaluated: on all problems, or not at all. */
export function requireTimeToEvaluate(run: RunContext, iteration: number): void {
  const { plan, timings } = run;
  const ended = plan.landed?.ended;
  if (ended !== undefined && iteration > ended.last) endHere(run, ended);
  const left = secondsLeft(run);
  const needed = secondsToEvaluate(plan, timings);
  if (left === undefined || needed === undefined) return;
  const what =
    iteration === 0 ? 'evaluating the society it starts from' : 'its society was trained and not evaluated: that';
  if (needed > left) endHere(run, late(run, `${what} would take about ${durationText(needed)}`));
  if (iteration > 0 && iteration < plan.iterations && !fitsNext(run, left - needed))
    run.land(late(run, `iteration ${iteration + 1} was not begun: even one shard of it would take longer`));
}

function fitsNext({ plan, timings }: RunContext, left: number): boolean {
  const opened = Math.min(plan.shardSize, plan.trainProblems);
  return fitsDebate({ plan, timings, elapsed: 0, left, opened, closed: 0 });
}

/** Before anything is trained on. What it would have taken is said. */
export function requireTimeToTrain(run: RunContext, iteration: number, problems: number): void {
  const ended = run.plan.landed?.ended;
  if (ended !== undefined && iteration > ended.last) endHere(run, ended);
  const left = secondsLeft(run);
  if (left === undefined) return;
  const { training, evaluation } = secondsAfterDebate(run.plan, run.timings, problems);
  if ((training ?? 0) + evaluation <= left) return;
  const needed =
    training === undefined
      ? `evaluating alone would take about ${durationText(evaluation)}`
      : `training and evaluating would take about ${durationText(training + evaluation)}`;
  endHere(run, late(run, `it ended before training in iteration ${iteration}: ${needed}`));
}

/** Which shards of a training debate are opened. */
export interface DebateLanding {
  mayOpen(shard: ShardInput): boolean;
  closed(shard: ShardOutcome): void;
  /** Called when all that were opened have closed: if they are not all, the run lands, and that is recorded. */
  settle(shards: ShardOutcome[]): Promise<void>;
}

export function debateLanding(run: RunContext, iteration: number): DebateLanding {
  const { plan } = run;
  const startedAt = Date.now();
  const recorded = plan.landed?.fewer?.iteration === iteration ? plan.landed.fewer : undefined;
  let [opened, closed] = [0, 0];
  const fits = (count: number) => {
    const left = secondsLeft(run);
    const elapsed = (Date.now() - startedAt) / 1000;
    return (
      left === undefined || fitsDebate({ plan, timings: run.timings, elapsed, left, opened: opened + count, closed })
    );
  };
  return {
    mayOpen({ shard, count }) {
      if (recorded !== undefined) return recorded.shards.includes(shard);
      // Once one was left out, no later one is opened, however fast the rest goes.
      if (run.landing !== undefined) return false;
      if (fits(count)) {
        opened += count;
        return true;
      }
      run.land(late(run, 'more training problems could not have been trained on and evaluated'));
      return false;
    },
    closed: ({ problems }) => void (closed += problems),
    async settle(shards) {
      const problems = debatedProblems(shards);
      if (problems === plan.trainProblems) return;
      if (recorded !== undefined) return run.land(recorded);
      const landing = run.landing ?? late(run, 'shards were left out');
      if (shards.length === 0) {
        run.relabel(`nothing of the training debate of iteration ${iteration} was begun: ${landing.why}`);
        throw new EndsHere();
      }
      const why = `${problems} of ${plan.trainProblems} training problems were debated: ${landing.why}`;
      run.relabel(why);
      const fewer = {
        ...landing,
        why,
        iteration,
        shards: shards.map(({ shard }) => shard),
        problems,
        planned: plan.trainProblems,
      };
      await outlastingOutages(run.gate, () => light.recordFewerProblems({ plan, fewer }));
    },
  };
}

export function debatedProblems(shards: readonly ShardOutcome[]): number {
  return shards.reduce((sum, { problems }) => sum + problems, 0);
}

/** The record that makes a landed run finished. */
export async function recordLanding(run: RunContext): Promise<void> {
  const { plan, landing, finished: last } = run;
  if (landing === undefined) return;
  await outlastingOutages(run.gate, () => light.recordLanding({ plan, landing, last }));
}

function late(run: RunContext, what: string): Landing {
  const left = durationText(secondsLeft(run) ?? 0);
  return { reason: 'late', why: `${what}, with ${left} left before its deadline ${deadlineText(run)}` };
}

function secondsLeft({ deadline }: { deadline: number | undefined; plan?: RunPlan }): number | undefined {
  return deadline === undefined ? undefined : Math.max(0, (deadline - Date.now()) / 1000);
}

function deadlineText({ deadline = 0 }: RunContext): string {
  return new Date(deadline).toISOString();
}

/** `40 s`, `12 min`, `3.5 h` */
function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
