/**
 * A slice of problems through all rounds of the debate. The rounds of one problem are a barrier, problems are not:
 * a window of them is in flight. Closing the shard votes and writes its transcripts.
 */
import { ActivityFailure, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { LimitsOfPlan } from '../src/contract/limits';
import type { CallCounts, ProblemFailure, ShardInput, ShardOutcome } from '../src/contract/run';
import { validationSplit } from '../src/contract/transcript';
import { addCounts, noCounts } from '../src/domain/counts';
import { voiceOf } from '../src/domain/debate-rules';
import { describeSamples } from '../src/domain/further-answers';
import { memberNumbers } from '../src/domain/identifiers';
import { times } from '../src/domain/spending';
import { worstCall, worstSamples, worstTurn } from '../src/domain/worst-case';
import { light, models } from './activity-proxies';
import { refuseTooManyFailures } from './failed-problems';
import { failureReason, outlastingOutages } from './outages';
import { answerProgress } from './part-progress';
import { createPauseGate, type PauseGate } from './pause-gate';
import { createPartPurse, payingFor, type Purse } from './purse';
import { inWindow } from './window';

export async function debateShard(input: ShardInput): Promise<ShardOutcome> {
  const gate = createPauseGate({ paused: input.paused });
  const tally: Tally = { done: 0, failures: [], failedVotes: [], counts: noCounts };
  answerProgress(gate, () => ({
    problems: { done: tally.done, total: input.count, failed: tally.failures.length },
    counts: tally.counts,
  }));

  const purse = createPartPurse(input.plan.limits, input.allowance, input.plan.problemsInFlight * membersOf(input));

  const { problemIds, closed, charged } = await outlastingOutages(gate, () => light.openShard(input));
  if (closed !== undefined) return closed;
  purse?.account.expect(charged ?? {});
  await inWindow(problemIds, input.plan.problemsInFlight, (problemId: string) =>
    debateProblem({ input, gate, tally, purse }, problemId),
  );
  const { failures, failedVotes } = tally;
  const [first] = [...failures, ...failedVotes];
  const failed = { failed: failures.length + failedVotes.length, problems: stageProblems(input), first };
  refuseTooManyFailures(input.plan, stageOf(input), failed);
  setCurrentDetails(`${tally.done} problems debated, ${failures.length} failed; closing`);
  return await outlastingOutages(gate, () => light.closeShard({ shard: input, failures, failedVotes }));
}

/**
 * One shard alone may exceed what its whole stage may lose. It is then left open, so that starting the run again
 * tries the failed problems again.
 */
function stageProblems({ plan, split }: ShardInput): number {
  const { trainProblems, evaluationProblems, validationProblems = 0 } = plan;
  return { train: trainProblems, eval: evaluationProblems, [validationSplit]: validationProblems }[split];
}

function stageOf({ split }: ShardInput): string {
  return { train: 'training debate', eval: 'evaluation', [validationSplit]: 'validation' }[split];
}

interface Tally {
  done: number;
  failures: ProblemFailure[];
  /** Problems that were debated, but not voted on by further samples. */
  failedVotes: ProblemFailure[];
  counts: CallCounts;
}

interface ShardContext {
  input: ShardInput;
  gate: PauseGate;
  tally: Tally;
  /** Absent without limits. */
  purse: Purse | undefined;
}

/** All rounds of one problem, then the further samples of a vote, whose failure does not fail the debate. */
async function debateProblem(context: ShardContext, problemId: string): Promise<void> {
  const { input, tally } = context;
  const isDebated = await unlessFailed(tally.failures, problemId, () => holdDebate(context, problemId));
  if (isDebated && (input.voteSamples > membersOf(input) || input.furtherAnswers !== undefined))
    await unlessFailed(tally.failedVotes, problemId, () => drawVoteSamples(context, problemId));
  tally.done += 1;
}

/** A turn that fails after all retries fails the problem: no vote with fewer members. */
async function holdDebate(context: ShardContext, problemId: string): Promise<void> {
  const { plan, split, rounds } = context.input;
  for (let round = 1; round <= rounds; round++) await debateRound(context, problemId, round);
  if (plan.hints === true && split === 'train') await askWithHints(context, problemId);
}

/** Returns false, and adds a line to `failures`, if an activity of the work failed for good. */
async function unlessFailed(
  failures: ProblemFailure[],
  problemId: string,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    failures.push({ problemId, reason: failureReason(error) });
    return false;
  }
}

function membersOf({ members, plan }: ShardInput): number {
  return members ?? plan.members;
}

/** Every member answers once. All turns end before the round does, whether they succeed or not. */
async function debateRound(context: ShardContext, problemId: string, round: number): Promise<void> {
  const members = memberNumbers(membersOf(context.input));
  const turns = await Promise.allSettled(members.map((member) => takeTurn(context, problemId, round, member)));
  const failed = turns.find((turn) => turn.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function takeTurn(context: ShardContext, problemId: string, round: number, member: number): Promise<void> {
  const { runId, recordDigest, critics = 'own' } = context.input.plan;
  const { iteration, societyIteration, split, rounds } = context.input;
  const turn = { runId, recordDigest, iteration, societyIteration, split, problemId, round, member };
  const { name } = voiceOf({ member, round }, { members: membersOf(context.input), rounds, critics });
  const summary = `${problemId} · round ${round} · ${name}`;
  const worst = (limits: LimitsOfPlan) => worstTurn(limits, { round, members: membersOf(context.input) });
  await payingFor(context.purse, { bill: problemId, worst }, (allowance) =>
    outlastingOutages(context.gate, async () => {
      const outcome = await models.takeTurn.executeWithOptions({ summary }, [{ ...turn, ...allowance }]);
      context.tally.counts = addCounts(context.tally.counts, outcome.counts);
      return outcome;
    }),
  );
}

/** Asks members with a wrong answer again, with the reference answer as a hint; only if the method says so (STaR). */
async function askWithHints({ input, gate, tally, purse }: ShardContext, problemId: string): Promise<void> {
  const { plan, iteration, societyIteration, split } = input;
  const run = { runId: plan.runId, recordDigest: plan.recordDigest };
  const request = { ...run, iteration, societyIteration, split, problemId };
  const summary = `${problemId} · hints`;
  const worst = (limits: LimitsOfPlan) => times(worstCall(limits, 'generation'), membersOf(input));
  await payingFor(purse, { bill: problemId, worst }, (allowance) =>
    outlastingOutages(gate, async () => {
      const counts = await models.askWithHints.executeWithOptions({ summary }, [{ ...request, ...allowance }]);
      tally.counts = addCounts(tally.counts, counts);
      return counts;
    }),
  );
}

async function drawVoteSamples(context: ShardContext, problemId: string): Promise<void> {
  const { plan, iteration, societyIteration, split, voteSamples, furtherAnswers } = context.input;
  const range = { fromSample: membersOf(context.input) + 1, toSample: voteSamples };
  const run = { runId: plan.runId, recordDigest: plan.recordDigest };
  const request = { ...run, iteration, societyIteration, split, problemId, ...range, furtherAnswers };
  const summary = `${problemId} · ${describeSamples(range, furtherAnswers)}`;
  const worst = (limits: LimitsOfPlan) => worstSamples(limits, { ...range, furtherAnswers });
  await payingFor(context.purse, { bill: problemId, worst }, (allowance) =>
    outlastingOutages(context.gate, async () => {
      const counts = await models.drawVoteSamples.executeWithOptions({ summary }, [{ ...request, ...allowance }]);
      context.tally.counts = addCounts(context.tally.counts, counts);
      return counts;
    }),
  );
}
