/** Who speaks when in a debate: sizes and voices of the training and the evaluation debate (method.md, One debate). */
import type { RunSpecification } from '../contract/specification';
import type { Split } from '../contract/transcript';
import { agentOf, generationAgent, sampleMember, sampleName, societyAgents } from './identifiers';

/** N and M. */
export interface DebateSize {
  members: number;
  rounds: number;
}

export interface DebateRules extends DebateSize {
  /** Who answers the later rounds. */
  critics: 'own' | 'generation' | 'untuned';
  /** The generation agent that gives all first answers; absent if each member gives its own. */
  firstRoundBy?: string;
}

/** One speaking part: `name` identifies it (its file, its seed), `agent` gives the model and the prompt. */
export interface Voice {
  name: string;
  agent: string;
}

type Settings = Pick<RunSpecification, 'method' | 'evaluation'>;

/** The rules of a split's debates: `train` generates data, any other split evaluates. */
export function debateRules({ method, evaluation }: Settings, split: Split): DebateRules {
  const { members, rounds, critics } = method;
  if (split === 'train') return { members, rounds, critics };
  const { firstRoundBy } = evaluation;
  return {
    ...evaluationSize({ method, evaluation }),
    critics,
    ...(firstRoundBy === 'own' ? {} : { firstRoundBy }),
  };
}

/** N and M at evaluation; one round if the society answers by sample or vote. */
export function evaluationSize({ method, evaluation }: Settings): DebateSize {
  return {
    members: evaluation.members ?? method.members,
    rounds: method.evaluateBy === 'debate' ? (evaluation.rounds ?? method.rounds) : 1,
  };
}

/** The largest N and M of a run: a society has agents for both of its debates. */
export function societySize(settings: Settings): DebateSize {
  const { members, rounds } = evaluationSize(settings);
  return { members: Math.max(settings.method.members, members), rounds: Math.max(settings.method.rounds, rounds) };
}

/** Ids of all agents that speak: no critics if there is one round, or if generation agents answer the later ones. */
export function speakingAgents({ members, rounds, critics }: DebateRules): string[] {
  return societyAgents(members, critics === 'generation' ? 1 : rounds);
}

/** Who answers for a member in a round. */
export function voiceOf({ member, round }: { member: number; round: number }, rules: DebateRules): Voice {
  const name = rules.critics === 'generation' ? generationAgent(member) : agentOf(member, round);
  return { name, agent: round === 1 ? (rules.firstRoundBy ?? name) : name };
}

/** Who gives sample j of a vote over k, j = 1..k (method.md, Evaluation). */
export function sampleVoice(sample: number, { members, firstRoundBy }: DebateRules): Voice {
  return {
    name: sampleName(sample, members),
    agent: firstRoundBy ?? generationAgent(sampleMember(sample, members)),
  };
}
