/** How right the consensus was that a training set rests on. Runs after selection, which never sees what is read here. */
import type { ConsensusAudit } from '../contract/evaluation';
import type { TrainingExample } from '../contract/training';
import type { Transcript } from '../contract/transcript';

export interface AuditInput {
  iteration: number;
  transcripts: readonly Transcript[];
  /** By agent, as selection wrote them. */
  trainingSets: ReadonlyMap<string, readonly TrainingExample[]>;
  isCorrect(problemId: string, answer: string): boolean;
}

/** Counts, per agent, the examples whose problem has a wrong consensus, and over all problems how often it is right. */
export function auditConsensus({ iteration, transcripts, trainingSets, isCorrect }: AuditInput): ConsensusAudit {
  const isRight = new Map<string, boolean>();
  for (const { problemId, consensus } of transcripts) {
    if (consensus.kind === 'agreed') isRight.set(problemId, isCorrect(problemId, consensus.answer));
  }
  const agents = [...trainingSets].map(([agent, examples]) => ({
    agent,
    examples: examples.length,
    wrongConsensus: examples.filter(({ problemId }) => isRight.get(problemId) === false).length,
  }));
  const consensusRight = [...isRight.values()].filter(Boolean).length;
  return { iteration, agents, problems: { agreed: isRight.size, consensusRight } };
}
