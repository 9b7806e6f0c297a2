/** Which responses of a debate an agent's selection judges, and what each of them would be trained as. */
import type { ExampleSet } from '../contract/training';
import type { Transcript, Turn } from '../contract/transcript';
import type { AgentResponse, ProblemJudgement, SelectionSettings } from './eligibility';
import { criticAgent, generationAgent, memberNumbers, sharedAgent } from './identifiers';

/** One member's responses through the debate; rounds ascending. A failed problem's chain may be short or empty. */
interface Chain {
  turns: { round: number; turn: Turn }[];
}

/**
 * The responses an agent is judged on: those it wrote (all agents', for the one model); with `criticTarget: all-rounds`
 * also the first response of the critic's member, and with `hint` the agent's response to the hint.
 */
export function responsesOf(
  agent: string,
  transcript: Transcript,
  settings: SelectionSettings,
  judgement: ProblemJudgement,
): AgentResponse[] {
  const context = { agent, settings, judgement };
  return memberNumbers(settings.members)
    .filter((member) => agent === sharedAgent || agent === generationAgent(member) || agent === criticAgent(member))
    .flatMap((member) => chainResponses(context, chainOf(transcript, member)));
}

interface Context {
  agent: string;
  settings: SelectionSettings;
  judgement: ProblemJudgement;
}

function chainOf(transcript: Transcript, member: number): Chain {
  const turns = transcript.rounds.flatMap(({ round, turns }) =>
    turns.filter((turn) => turn.member === member).map((turn) => ({ round, turn })),
  );
  return { turns };
}

function chainResponses(context: Context, { turns }: Chain): AgentResponse[] {
  const first = turns[0]?.turn;
  const last = turns.at(-1)?.turn;
  if (first === undefined || last === undefined) return [];
  const { agent, settings } = context;
  const isShared = agent === sharedAgent;
  const wholeChain = !isShared && isCritic(agent) && settings.criticTarget === 'all-rounds';
  return turns
    .filter(({ turn }) => isShared || wholeChain || turn.agent === agent)
    .flatMap(({ round, turn }) => {
      const response: AgentResponse = {
        round,
        turn,
        // The one model learns to give the debate's last answer to the question alone (method.md, Methods).
        prompt: isShared ? first : turn,
        deciding: wholeChain ? last : turn,
        isTarget: wholeChain || isTargetRound(context, round),
        set: setOf(context, first),
      };
      return settings.hint ? [response, ...hintedResponse(context, response)] : [response];
    });
}

/** STaR: the response to the hint replaces a wrong answer; its prompt is the one without the hint. */
function hintedResponse({ judgement }: Context, own: AgentResponse): AgentResponse[] {
  const { hinted } = own.turn;
  if (hinted === undefined) return [];
  const { response, answer, finishReason, reportedReason, usage } = hinted;
  const { reportedReason: _ofOwn, ...asked } = own.turn;
  const named = reportedReason === undefined ? {} : { reportedReason };
  const turn: Turn = { ...asked, response, answer, finishReason, ...named, usage };
  const isTarget = own.isTarget && !judgement.isRight(own.turn);
  return [{ ...own, turn, deciding: turn, isTarget, set: 'hinted' }];
}

function isTargetRound({ agent, settings }: Context, round: number): boolean {
  if (agent === sharedAgent) return round === settings.rounds;
  if (!isCritic(agent)) return round === 1;
  return settings.criticTarget === 'last-round' ? round === settings.rounds : round > 1;
}

/** A problem is corrected if the member's first answer was not ŷ; this includes one that did not parse. */
function setOf({ agent, settings, judgement }: Context, first: Turn): ExampleSet {
  if (settings.select === 'none') return 'own';
  if (agent === sharedAgent) return 'majority';
  if (!isCritic(agent)) return 'generation';
  return judgement.isRight(first) ? 'consistent' : 'corrected';
}

function isCritic(agent: string): boolean {
  return agent.startsWith('critic-');
}
