/** How often the consensus behind a training set was right. Runs after selection, which never sees this. */
import type { ConsensusAudit } from '../contract/evaluation';
import type { TrainingExample } from '../contract/training';
import type { Transcript } from '../contract/transcript';

export interface AuditInput {
  iteration: number;
  transcripts: readonly Transcript[];
  /** By agent, as selection wrote them. */
  trainingSets: ReadonlyMap<string, readonly TrainingExample[]>;
  /** `undefined` if the problem has no reference answer, so its consensus cannot be judged. */
  isRight(problemId: string, answer: string): boolean | undefined;
}

/**
 * Counts, per agent, the examples whose problem has a reference answer and a consensus, and those of them whose consensus is
 * wrong; and over all such problems how often it is right.
 */
export function auditConsensus({ iteration, transcripts, trainingSets, isRight }: AuditInput): ConsensusAudit {
  const verdicts = new Map<string, boolean>();
  for (const { problemId, consensus } of transcripts) {
    const verdict = consensus.kind === 'agreed' ? isRight(problemId, consensus.answer) : undefined;
    if (verdict !== undefined) verdicts.set(problemId, verdict);
  }
  const agents = [...trainingSets].map(([agent, examples]) => {
    const judged = examples.flatMap(({ problemId }) => verdicts.get(problemId) ?? []);
    return { agent, examples: judged.length, wrongConsensus: judged.filter((isRight) => !isRight).length };
  });
  const consensusRight = [...verdicts.values()].filter(Boolean).length;
  return { iteration, agents, problems: { agreed: verdicts.size, consensusRight } };
}
