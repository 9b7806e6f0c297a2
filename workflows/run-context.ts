/**
 * What one workflow run of `multiagentFinetuning` knows and shows: plan, sums, progress query, pause gate,
 * current details and search attributes. Only bookkeeping; the method is in multiagent-finetuning.ts.
 */
import { setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import { searchAttributes } from '../src/contract/names';
import type { Landing } from '../src/contract/landing';
import type { PromotionDecision } from '../src/contract/line';
import type { PromotionOutcome } from '../src/contract/promotion';
import type {
  CallCounts,
  FinetuneOutcome,
  RunOutcome,
  RunPlan,
  RunProgress,
  RunState,
  Stage,
} from '../src/contract/run';
import { addCounts, noCounts } from '../src/domain/counts';
import { meanLoss, reasonToStop } from '../src/domain/stopping';
import { progressList } from './current-details';
import { progressQuery } from './messages';
import { createApprovalDesk, type ApprovalDesk } from './approvals';
import { createPauseGate, type PauseGate } from './pause-gate';
import { createTreasury, type Treasury } from './treasury';
import { setSearchAttribute } from './search-attributes';

/** The argument of a run that continue-as-new started; a user's argument is a specification. */
export interface Continued {
  continued: RunState;
}

/** Requires both marks, so that no specification can pose as a continuation. */
export function isContinued(input: unknown[]): input is [Continued] {
  const [first] = input;
  const fromEarlierRun = workflowInfo().continuedFromExecutionRunId !== undefined;
  return fromEarlierRun && typeof first === 'object' && first !== null && 'continued' in first;
}

export function startRun(input: unknown[]): RunContext {
  return new RunContext(isContinued(input) ? input[0].continued : undefined);
}

export class RunContext {
  readonly gate: PauseGate;
  readonly approvals: ApprovalDesk;
  readonly treasury: Treasury;
  /** What the open stage has done so far. */
  readonly open = { done: 0, total: 0, failed: 0, counts: noCounts };
  private stage: Stage = 'resolve';
  /** The iteration that the open stage belongs to: 0 until the first one has begun. */
  private stageIteration: number;
  private endedByGuard: string | undefined;
  private promotion: PromotionOutcome | undefined;
  private landed: Landing | undefined;
  /** Milliseconds since 1970; undefined without `limits.deadline`. */
  private endsAt: number | undefined;
  /** The last iteration whose evaluation is complete; -1 before the first. */
  private evaluatedThrough: number;
  private state: RunState | undefined;

  constructor(state: RunState | undefined) {
    this.state = state;
    this.stageIteration = state?.iteration ?? 0;
    this.evaluatedThrough = (state?.iteration ?? 0) - 1;
    this.endsAt = state?.plan.deadline;
    const gate = { paused: state?.paused, reason: state?.pauseReason, version: state?.gateVersion };
    this.gate = createPauseGate(gate, () => this.showPause());
    this.approvals = createApprovalDesk(() => this.showDetails());
    this.treasury = createTreasury(this.gate, () => this.showDetails());
    setHandler(progressQuery, () => this.progress());
  }

  get plan(): RunPlan {
    return this.known.plan;
  }

  /** The iteration this workflow run performs: 1..L. */
  get iteration(): number {
    return this.known.iteration;
  }

  /** Whether the run's line has too little to train on. */
  get isSkipped(): boolean {
    return this.plan.skipped !== undefined;
  }

  get timings() {
    return this.known.timings;
  }

  /** Whether this iteration is the last although more were planned: `stopWhen` sees no more improvement, or the run lands. */
  get stopsEarly(): boolean {
    return this.reasonToStop !== undefined || this.endsByLanding;
  }

  private get endsByLanding(): boolean {
    return this.landed !== undefined && this.iteration < this.plan.iterations;
  }

  /** Whether the specification has become a plan. */
  get isResolved(): boolean {
    return this.state !== undefined;
  }

  get deadline(): number | undefined {
    return this.endsAt;
  }

  get landing(): Landing | undefined {
    return this.landed;
  }

  /** Whether another iteration follows this one. */
  get goesOn(): boolean {
    return this.iteration < this.plan.iterations && !this.stopsEarly && this.endedByGuard === undefined && !this.landed;
  }

  private get reasonToStop(): string | undefined {
    const { plan, iteration } = this.known;
    return iteration < plan.iterations ? reasonToStop(plan.stopWhen, this.known) : undefined;
  }

  /** The last iteration that was finished; 0 if none was. */
  get finished(): number {
    const { iteration, plan } = this.known;
    if (this.landed !== undefined) return this.evaluatedThrough;
    return this.endedByGuard === undefined ? Math.min(iteration, plan.iterations) : iteration - 1;
  }

  promoted({ promoted, why, version }: PromotionDecision): void {
    this.promotion = { promoted, why, version };
    this.showDetails();
  }

  /** The run is to have ended then. Call before it begins. */
  endBy(deadline: number | undefined): void {
    this.endsAt = deadline;
  }

  /**
   * Lands the run: from now on no shard and no iteration begins, and what is open is brought to its end. The first reason
   * counts. For the deadline; a cap on what a run may spend calls it as well, in place of a pause.
   */
  land(landing: Landing): void {
    this.landed ??= { reason: landing.reason, why: landing.why };
    this.showDetails();
  }

  /** Says more of why the run lands. */
  relabel(why: string): void {
    if (this.landed !== undefined) this.landed = { ...this.landed, why };
    this.showDetails();
  }

  /** Ends the run before this iteration has trained any agent. */
  endByGuard(reason: string): void {
    this.endedByGuard = reason;
  }

  async begin(plan: RunPlan): Promise<void> {
    const paused = this.gate.paused;
    const whole = this.endsAt === undefined ? plan : { ...plan, deadline: this.endsAt };
    this.state = { plan: whole, iteration: 1, accuracy: {}, counts: noCounts, timings: [], paused };
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.task, plan.task);
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.paused, paused);
  }

  /** Runs one stage: waits out a pause, shows it, times it, adds up its calls. */
  async inStage<Result>(
    stage: Stage,
    iteration: number,
    total: number,
    perform: () => Promise<Result>,
  ): Promise<Result> {
    await this.gate.whenOpen();
    Object.assign(this.open, { done: 0, total, failed: 0, counts: noCounts });
    this.stage = stage;
    this.stageIteration = iteration;
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.stage, stage);
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.iteration, iteration);
    this.showDetails();
    const startedAt = Date.now();
    const result = await perform();
    const seconds = (Date.now() - startedAt) / 1000;
    this.known.timings.push({ stage, iteration, seconds, counts: this.open.counts });
    this.known.counts = addCounts(this.known.counts, this.open.counts);
    return result;
  }

  /** Notes what a closed shard or a finished agent adds to the open stage. */
  advance(done: number, failed = 0, counts: CallCounts = noCounts): void {
    this.open.done += done;
    this.open.failed += failed;
    this.open.counts = addCounts(this.open.counts, counts);
    this.showDetails();
  }

  /** Notes how well the agents' trainings went, for `stopWhen`. */
  trained(outcomes: readonly FinetuneOutcome[]): void {
    const loss = meanLoss(outcomes.map((outcome) => outcome.loss));
    this.known.losses = [...(this.known.losses ?? []), loss];
  }

  validated(accuracy: number): void {
    this.known.validation = [...(this.known.validation ?? []), accuracy];
  }

  /** @param accuracy Null if the problems have no reference answers. */
  evaluated(iteration: number, accuracy: number | null): void {
    this.evaluatedThrough = iteration;
    if (accuracy === null) return;
    this.known.accuracy[iteration] = accuracy;
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.accuracy, accuracy);
    this.showDetails();
  }

  finish(): void {
    this.stage = 'done';
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.stage, this.stage);
    this.showDetails();
  }

  next(): RunState {
    const { paused, reason, version } = this.gate;
    return { ...this.known, iteration: this.iteration + 1, paused, pauseReason: reason, gateVersion: version };
  }

  outcome(): RunOutcome {
    const landed = this.landed === undefined ? {} : { landed: this.landed };
    // Its deadline came before its specification had become a plan.
    if (this.state === undefined) return { runId: '', iterations: 0, ...landed, accuracy: {}, counts: noCounts };
    this.finish();
    const { plan, accuracy, counts } = this.known;
    if (plan.skipped !== undefined)
      return { runId: plan.runId, iterations: 0, skipped: plan.skipped, accuracy, counts };
    const stopped = this.endedByGuard ?? this.reasonToStop;
    return {
      ...{ runId: plan.runId, iterations: Math.max(0, this.finished), accuracy, counts, ...landed },
      ...(stopped === undefined ? {} : { stopped }),
      ...(this.promotion === undefined ? {} : { promotion: this.promotion }),
    };
  }

  private get known(): RunState {
    if (this.state === undefined) throw new Error('the run has not been resolved yet');
    return this.state;
  }

  progress(): RunProgress {
    const { done, total, failed, counts } = this.open;
    return {
      runId: this.state?.plan.runId ?? '',
      stage: this.stage,
      iteration: this.stageIteration,
      iterations: this.state?.plan.iterations ?? 0,
      paused: this.gate.paused,
      pauseReason: this.gate.reason,
      problems: { done, total, failed },
      counts: addCounts(this.state?.counts ?? noCounts, counts),
      openChildren: this.gate.openChildren,
      accuracy: this.state?.accuracy ?? {},
      ...(this.approvals.open === undefined ? {} : { approval: this.approvals.open }),
      ...(this.endsAt === undefined ? {} : { deadline: new Date(this.endsAt).toISOString() }),
      ...(this.landed === undefined ? {} : { landing: this.landed }),
      ...(this.treasury.purse === undefined ? {} : { limits: this.treasury.purse.progress() }),
    };
  }

  private showPause(): void {
    if (this.state === undefined) return;
    setSearchAttribute(this.plan.searchAttributes, searchAttributes.paused, this.gate.paused);
    this.showDetails();
  }

  private showDetails(): void {
    if (this.state === undefined) return;
    setCurrentDetails(progressList(this.progress(), this.timings, this.promotion));
  }
}
