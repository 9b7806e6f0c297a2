/** Whether the line of a run takes its society: the evidence, the gate, and the version that follows. */
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import type { Evaluation } from '../src/contract/evaluation';
import type { Approval, LineVersion, PromotionDecision, PromotionEvidence } from '../src/contract/line';
import type { PromotionInput, PromotionJudgement, RecordPromotionInput } from '../src/contract/promotion';
import type { RunRecord } from '../src/contract/run';
import { driftPoint, judgeDrift } from '../src/domain/collapse';
import { compareMeasurements, measurementIn } from '../src/domain/evidence/measurements';
import { iterationsTo } from '../src/domain/identifiers';
import { runKeys } from '../src/domain/keys';
import { isTest, judgePromotion as judge, termsOfLook } from '../src/domain/lines/gate';
import { evidenceSentence } from '../src/domain/lines/sentences';
import { describeVersion } from '../src/domain/lines/versions';
import type { ArtifactStore } from '../src/ports';
import { findLine, type StoredLine } from '../src/stored-runs/stored-line';
import { StoredRun } from '../src/stored-runs/stored-run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';

export function createPromotionActivities({ store }: Pick<ActivityDependencies, 'store'>) {
  /** Applies the gate; a test of the held-out answers takes one look, the same one however often this is repeated. */
  async function judgePromotion(input: PromotionInput): Promise<PromotionJudgement> {
    return withHeartbeats(async () => {
      const { run, line, place } = await promotionOf(store, input);
      const known = await readSealed<PromotionDecision>(store, runKeys.promotion(place.runId));
      const evidence = known?.evidence ?? (await evidenceOf(run, line, input.iteration));
      const { verdict, why } = known ?? (await verdictOn(evidence, { run, line }));
      return { verdict, why, evidence, question: evidenceSentence(evidence), ...(known && { decided: known }) };
    });
  }

  /** Makes the society current if that is the verdict and nobody was faster, and stores what was decided. */
  async function recordPromotion({ plan, judgement, approval }: RecordPromotionInput): Promise<PromotionDecision> {
    return withHeartbeats(async () => {
      if (judgement.decided !== undefined) return judgement.decided;
      const { line, place } = await promotionOf(store, { plan });
      const at = new Date().toISOString();
      const decided = {
        ...outcomeOf(judgement, approval),
        evidence: judgement.evidence,
        approval: approval ?? null,
        at,
      };
      const made = decided.promoted ? await makeCurrent(line, place.runId, decided) : decided;
      return (await publishSealed<PromotionDecision>(store, runKeys.promotion(place.runId), made)).content;
    });
  }

  return { judgePromotion, recordPromotion };
}

async function promotionOf(store: ArtifactStore, { plan }: Pick<PromotionInput, 'plan'>) {
  const record = await requireSealed<RunRecord>(store, runKeys.record(plan.runId));
  if (record.line === undefined) throw new Error(`run ${plan.runId} has no line`);
  const line = await findLine(store, record.line.name);
  return { run: new StoredRun(store, record), line, place: { runId: plan.runId, line: record.line } };
}

/** All but what a look at the answers adds. */
async function evidenceOf(run: StoredRun, line: StoredLine, iteration: number): Promise<PromotionEvidence> {
  const { runId, line: start } = run.record;
  const [candidate, parent] = [await run.evaluation(iteration), await run.evaluation(0)];
  const heldOut = (await line.heldOutSets()).find(({ number }) => number === start?.heldOut);
  const { gate, margin } = line.record.promotion;
  return {
    line: line.name,
    candidate: `${runId}@${iteration}`,
    parent: { version: start?.version ?? 0, society: start?.society ?? '' },
    gate,
    margin,
    heldOut: { number: heldOut?.number ?? 0, problems: heldOut?.size ?? 0, labelled: heldOut?.labelled ?? false },
    ...{ look: null, bar: null, lowest: null },
    ...compared(candidate, parent),
    agreement: { candidate: candidate?.agreement ?? null, parent: parent?.agreement ?? null },
    findings: await findingsOf(run, iteration),
  };
}

function compared(
  candidate: Evaluation | undefined,
  parent: Evaluation | undefined,
): Pick<PromotionEvidence, 'accuracy' | 'comparison'> {
  const after = candidate && measurementIn(candidate, 'society');
  const before = parent && measurementIn(parent, 'society');
  if (after === undefined || before === undefined) return { accuracy: null, comparison: null };
  return {
    accuracy: { candidate: after.result.accuracy, parent: before.result.accuracy },
    comparison: compareMeasurements(after, before),
  };
}

/** Signs of collapse in the run's training debates and in its evaluations. */
async function findingsOf(run: StoredRun, iteration: number): Promise<string[]> {
  const numbers = iterationsTo(iteration);
  const reports = await Promise.all(numbers.map((each) => run.guard(each)));
  const points = numbers.map(async (each) =>
    driftPoint({
      iteration: each,
      evaluation: await run.evaluation(each),
      measures: await run.measures(each),
      selection: await run.selection(each),
    }),
  );
  const found = [...reports.flatMap((report) => report?.findings ?? []), ...judgeDrift(await Promise.all(points))];
  return [...new Set(found.map(({ message }) => message))];
}

/** Completes the evidence by a look, if the gate needs one and nothing has decided before. */
async function verdictOn(evidence: PromotionEvidence, { run, line }: { run: StoredRun; line: StoredLine }) {
  const { promotion } = line.record;
  if (evidence.candidate.endsWith('@0')) return { verdict: 'keep' as const, why: 'the run trained no society' };
  const current = await line.current();
  if (current.number !== evidence.parent.version && !isOwn(current, run.record.runId)) return superseded(current);
  const needsLook = isTest(promotion) && evidence.comparison !== null;
  if (needsLook && !(promotion.guards && evidence.findings.length > 0)) {
    const at = new Date().toISOString();
    evidence.look = await line.lookOf(run.record.runId, { heldOut: evidence.heldOut.number, at });
    Object.assign(evidence, termsOfLook(promotion, evidence));
  }
  return judge(evidence, promotion);
}

type Decided = Omit<PromotionDecision, 'version'> & { version: null };

function outcomeOf(
  { verdict, why }: PromotionJudgement,
  approval: Approval | undefined,
): Pick<Decided, 'promoted' | 'verdict' | 'why' | 'version'> {
  if (approval === undefined) return { promoted: verdict === 'promote', verdict, why, version: null };
  const { approved, by, why: reason } = approval;
  return {
    promoted: approved,
    verdict: approved ? 'promote' : 'keep',
    why: `${approved ? 'approved' : 'rejected'} by ${by}: ${reason}`,
    version: null,
  };
}

async function makeCurrent(line: StoredLine, runId: string, decided: Decided): Promise<PromotionDecision> {
  const { evidence, approval, why, at } = decided;
  const { version, created } = await line.appendIfCurrent({
    society: evidence.candidate,
    parent: evidence.parent.version,
    run: runId,
    evidence,
    decision: approval === null ? 'gate' : 'approved',
    by: approval === null ? `gate ${evidence.gate}` : approval.by,
    why: approval === null ? why : approval.why,
    at,
  });
  if (created || isOwn(version, runId)) return { ...decided, version: version.number };
  return { ...decided, promoted: false, ...superseded(version) };
}

/** An earlier attempt of the same activity made it. */
function isOwn({ run, decision }: LineVersion, runId: string): boolean {
  return run === runId && (decision === 'gate' || decision === 'approved');
}

function superseded(version: LineVersion) {
  const why = `superseded: ${describeVersion(version)} was made current by ${version.by} while the run went on`;
  return { verdict: 'superseded' as const, why };
}
