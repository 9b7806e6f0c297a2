/**
 * The path of the responses through selection, computed from the counts of `selection.json` alone: all of them, what
 * the consensus says of them, their one outcome, and the agents that the selected ones train. What flows into an inner
 * node also flows out of it.
 */
import type { AgentSelection, SelectionOutcome, SelectionReport } from '../contract/training';
import { sumOf } from '../domain/statistics';
import { occurringOutcomes, outcomeColorName, selectedOutcomes } from './selection-outcomes';

export interface FlowNode {
  id: string;
  label: string;
  /** 0: all responses, 1: judgement, 2: outcome, 3: who is trained. */
  stage: number;
  responses: number;
  /** Name of the style sheet. */
  colorName: string;
}

export interface FlowLink {
  from: string;
  to: string;
  responses: number;
  colorName: string;
}

export interface SelectionFlow {
  nodes: FlowNode[];
  links: FlowLink[];
}

/** The vote's judgement on a response; with `select: reference` the reference answer's. */
type Judgement = 'agrees' | 'disagrees' | 'no answer' | 'no consensus' | 'not judged';

const judgements: Record<Judgement, { colorName: string; byReference?: string }> = {
  agrees: { colorName: 'series-3', byReference: 'right' },
  disagrees: { colorName: 'reject-1', byReference: 'wrong' },
  'no answer': { colorName: 'reject-4' },
  'no consensus': { colorName: 'reject-2' },
  'not judged': { colorName: 'reject-9' },
};

/** More agents than this are shown as roles: the counts of each are in the table. */
const mostAgents = 8;

/** Counts of zero have neither node nor link. */
export function selectionFlow(selection: SelectionReport): SelectionFlow {
  const steps = occurringOutcomes(selection).map((outcome) => stepOf(outcome, selection));
  const links = mergedLinks(steps.flatMap((step) => [...linksInto(step), ...linksToAgents(step, selection)]));
  return { nodes: nodesOf(selection, links), links };
}

interface Step {
  outcome: SelectionOutcome;
  judgement: Judgement;
  responses: number;
}

const source: Omit<FlowNode, 'responses'> = { id: 'responses', label: 'responses', stage: 0, colorName: 'muted' };

function stepOf(outcome: SelectionOutcome, { agents, select }: SelectionReport): Step {
  const responses = sumOf(agents, ({ outcomes }) => outcomes[outcome] ?? 0);
  return { outcome, judgement: judgementBehind(outcome, select), responses };
}

/** Outcomes that selection checks after `disagrees` belong to responses that agree. */
function judgementBehind(outcome: SelectionOutcome, select: SelectionReport['select']): Judgement {
  if (outcome === 'failed' || outcome === 'no-consensus') return 'no consensus';
  if (outcome === 'not-a-target' || select === 'none') return 'not judged';
  // Selection checks how a response ended before it checks the answer.
  if (outcome === 'filtered' || outcome === 'empty' || outcome.startsWith('ended as ')) return 'not judged';
  if (outcome === 'unparsable') return 'no answer';
  return outcome === 'disagrees' || outcome === 'selected as undesirable' ? 'disagrees' : 'agrees';
}

function linksInto({ outcome, judgement, responses }: Step): FlowLink[] {
  const judged = judgementId(judgement);
  return [
    { from: source.id, to: judged, responses, colorName: judgements[judgement].colorName },
    { from: judged, to: outcomeId(outcome), responses, colorName: outcomeColorName(outcome) },
  ];
}

function linksToAgents({ outcome }: Step, { agents }: SelectionReport): FlowLink[] {
  if (!selectedOutcomes.includes(outcome)) return [];
  const trained = agents.filter(({ outcomes }) => (outcomes[outcome] ?? 0) > 0);
  return trained.map(({ agent, outcomes }) => ({
    from: outcomeId(outcome),
    to: agentId(shownAs(agent, agents)),
    responses: outcomes[outcome] ?? 0,
    colorName: outcomeColorName(outcome),
  }));
}

/** Links between the same two nodes as one, in the order in which they first occur. */
function mergedLinks(links: FlowLink[]): FlowLink[] {
  const merged = new Map<string, FlowLink>();
  for (const link of links) {
    const key = JSON.stringify([link.from, link.to]);
    const responses = (merged.get(key)?.responses ?? 0) + link.responses;
    merged.set(key, { ...link, responses });
  }
  return [...merged.values()];
}

function nodesOf(selection: SelectionReport, links: FlowLink[]): FlowNode[] {
  const { agents, select } = selection;
  const known: Omit<FlowNode, 'responses'>[] = [
    ...(Object.keys(judgements) as Judgement[]).map((judgement) => {
      const { colorName, byReference } = judgements[judgement];
      const label = select === 'reference' ? (byReference ?? judgement) : judgement;
      return { id: judgementId(judgement), label, stage: 1, colorName };
    }),
    ...outcomesByJudgement(selection).map((outcome) => {
      const label = outcome.replace('selected as ', 'trains: ').replaceAll('-', ' ');
      return { id: outcomeId(outcome), label, stage: 2, colorName: outcomeColorName(outcome) };
    }),
    ...[...new Set(agents.map(({ agent }) => shownAs(agent, agents)))].map((label) => {
      return { id: agentId(label), label, stage: 3, colorName: 'muted' };
    }),
  ];
  const flowing = known.map((node) => ({
    ...node,
    responses: sumOf(links, ({ to, responses }) => (to === node.id ? responses : 0)),
  }));
  const all = { ...source, responses: sumOf(agents, ({ responses }) => responses) };
  return [all, ...flowing.filter(({ responses }) => responses > 0)];
}

/** Outcomes next to the judgements they follow from, so that few bands cross. */
function outcomesByJudgement(selection: SelectionReport): SelectionOutcome[] {
  const order = Object.keys(judgements);
  const place = (outcome: SelectionOutcome) => order.indexOf(judgementBehind(outcome, selection.select));
  return occurringOutcomes(selection).sort((left, right) => place(left) - place(right));
}

/** The name of an agent's end node. */
function shownAs(agent: string, agents: readonly AgentSelection[]): string {
  if (agents.length <= mostAgents) return agent;
  return agent.startsWith('critic-') ? 'critics' : 'generation';
}

const judgementId = (judgement: Judgement): string => `judgement/${judgement}`;
const outcomeId = (outcome: SelectionOutcome): string => `outcome/${outcome}`;
const agentId = (name: string): string => `agent/${name}`;
