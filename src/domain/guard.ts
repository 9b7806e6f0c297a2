/**
 * The guard: judges each training debate against the earlier ones, before any agent is trained on it. It never looks at
 * evaluation problems, so a run that it stops has not been tuned on them; if training problems have reference answers, the
 * audit of the consensus is part of the judgement.
 */
import type { ConsensusAudit } from '../contract/evaluation';
import type { DriftPoint, Finding, GuardAction, GuardReport } from '../contract/guard';
import type { SelectionReport } from '../contract/training';
import type { Transcript } from '../contract/transcript';
import { agreementOf } from './accuracy';
import { judgeDrift } from './collapse';
import type { DebateSize } from './debate-rules';
import { wholeRoundsOf } from './measures/whole-rounds';
import { responseShape } from './measures/responses';
import { mean, standardError } from './statistics';

export interface GuardInput {
  iteration: number;
  action: GuardAction;
  /** N and M of the training debate. */
  size: DebateSize;
  transcripts: readonly Transcript[];
  selection: Pick<SelectionReport, 'problems' | 'agents'>;
  audit: Pick<ConsensusAudit, 'problems'> | undefined;
  /** Points of the iterations before, in their order. */
  before: readonly DriftPoint[];
}

export function judgeTraining({ iteration, action, before, ...found }: GuardInput): GuardReport {
  const point = trainingPoint(iteration, found);
  const findings = judgeDrift([...before, point]).filter((finding) => finding.iteration === iteration);
  return { iteration, action, point, findings };
}

/** Why the guard stopped the run; undefined if it did not. */
export function guardStop(report: GuardReport | undefined): string | undefined {
  if (report === undefined || report.action !== 'stop' || report.findings.length === 0) return undefined;
  return `stopped by guard after iteration ${report.iteration - 1}: ${sentenceOf(report.findings)}`;
}

/** All findings as one sentence. */
export function sentenceOf(findings: readonly Finding[]): string {
  return findings.map(({ message }) => message).join('; ');
}

function trainingPoint(
  iteration: number,
  { size, transcripts, selection, audit }: Omit<GuardInput, 'iteration' | 'action' | 'before'>,
): DriftPoint {
  const agreements = transcripts.map(agreementOf).filter((share) => share !== undefined);
  const shape = responseShape(wholeRoundsOf(transcripts, size.rounds, size.members));
  const { agents, problems } = selection;
  return {
    iteration,
    ...accuracyOf(audit),
    ...(agreements.length === 0 ? {} : { agreement: mean(agreements) }),
    ...(shape === undefined ? {} : { responses: { ...shape, meanTokens: shape.meanTokens.value } }),
    training: { problems, agents: agents.map(({ agent, examples }) => ({ agent, examples })) },
  };
}

/** How often the consensus of the training problems is right, if that is known. */
function accuracyOf(audit: GuardInput['audit']): Pick<DriftPoint, 'accuracy'> {
  const { agreed: n = 0, consensusRight: correct = 0 } = audit?.problems ?? {};
  if (n === 0) return {};
  return { accuracy: { value: correct / n, standardError: standardError({ correct, n }) } };
}
