/** What was trained on what: every response of every agent in exactly one outcome. */
import type { AgentSelection, SelectionReport } from '../../contract/training';
import { stackedBars, type StackPart } from '../../pages/charts/stacked-bars';
import { color } from '../../pages/colors';
import { sumOf } from '../../domain/statistics';
import { count } from '../../pages/numbers';
import { chart, details, prose, section, table, type Column, type Optional } from '../../pages/page';
import type { Block, Section } from '../../pages/page';
import type { Report } from '../build-report';
import { flowChart } from '../charts/flow';
import { selectionFlow } from '../selection-flow';
import { occurringOutcomes, outcomeColorName } from '../selection-outcomes';

export function selectionSection({ iterations, run }: Report): Section | null {
  const selections = iterations.flatMap(({ selection }) => selection ?? []);
  if (selections.length === 0) return null;
  return section('selection', 'What was trained on what', [
    prose(
      `Selection rule: \`select: ${run.specification.method.select}\`. Every response of the training debates has exactly one outcome, the first that applies; the outcomes of an agent add up to its responses.`,
    ),
    ...selections.map((selection, index) => iterationDetails(selection, index === selections.length - 1)),
  ]);
}

function iterationDetails(selection: SelectionReport, isOpen: boolean) {
  const { agents, iteration, problems } = selection;
  const examples = sumOf(agents, (agent) => agent.examples);
  const summary = `Iteration ${iteration}: ${count(examples)} examples from ${count(responsesOf(agents))} responses on ${count(problems)} problems`;
  return details(summary, [prose(consensusSentence(selection)), ...(agents.length > 0 ? outcomes(selection) : [])], {
    isOpen,
  });
}

function outcomes(selection: SelectionReport): Optional<Block>[] {
  return [
    chart(flowFigure(selection)),
    chart(outcomeChart(selection)),
    ...selection.agents.map(sumProblem),
    outcomeTable(selection),
  ];
}

function consensusSentence({ consensus, problems, seed, select, method }: SelectionReport): string {
  const { agreed, tieBroken, none, failed } = consensus;
  return `Of ${count(problems)} training problems ${count(agreed)} had a consensus (${count(tieBroken)} of them decided by a tie draw), ${count(none)} had none, ${count(failed)} failed. Method ${method}, select: ${select}, seed ${seed}.`;
}

function flowFigure(selection: SelectionReport) {
  const { iteration, select, agents } = selection;
  const comparedWith = select === 'reference' ? 'the reference answer' : 'the consensus';
  return flowChart({
    id: `flow-${iteration}`,
    ...selectionFlow(selection),
    caption: `From ${count(responsesOf(agents))} responses to training sets, iteration ${iteration}: what ${comparedWith} says of a response, its one outcome, and whom it trains. ${select === 'none' ? 'Nothing was compared (select: none).' : '“Not judged” are responses of rounds that nobody is trained on, and those that did not end as an answer should.'}`,
  });
}

function outcomeChart(selection: SelectionReport) {
  const { agents, iteration } = selection;
  return stackedBars({
    id: `selection-${iteration}`,
    description: `Outcome of every response per agent in iteration ${iteration}; the counts are in the table below.`,
    caption: `Outcomes of the responses looked at for each agent, iteration ${iteration}.`,
    bars: agents.map(({ agent }) => agent),
    unit: 'responses',
    parts: occurringOutcomes(selection).map((outcome): StackPart => ({
      label: outcome,
      color: color(outcomeColorName(outcome)),
      values: agents.map(({ outcomes }) => outcomes[outcome] ?? 0),
    })),
  });
}

interface CountRow {
  name: string;
  of: (agent: AgentSelection) => number;
}

/** Outcomes down, agents across, so that each column adds up to the responses looked at for its agent. */
function outcomeTable(selection: SelectionReport) {
  const { agents, iteration } = selection;
  const columns: Column<CountRow>[] = [
    { head: 'Outcome', of: ({ name }) => name },
    ...agents.map((agent) => ({ head: agent.agent, of: ({ of }: CountRow) => count(of(agent)) })),
    { head: 'All agents', of: ({ of }) => count(sumOf(agents, of)) },
  ];
  const isAnyUncounted = agents.some(({ uncountedExamples }) => uncountedExamples !== undefined);
  return table<CountRow>({
    caption: `Responses by outcome, iteration ${iteration}.`,
    columns,
    groups: [
      {
        rows: occurringOutcomes(selection).map((name) => ({ name, of: ({ outcomes }) => outcomes[name] ?? 0 })),
        totals: [
          { name: 'Sum of the outcomes', of: sumOfOutcomes },
          { name: 'n: responses looked at', of: ({ responses }) => responses },
        ],
      },
      {
        title: 'Training sets',
        rows: [
          { name: 'Examples in the training set', of: ({ examples }) => examples },
          { name: 'of them on a tie draw', of: ({ trainedOnTie }) => trainedOnTie },
          { name: 'Completion tokens', of: ({ completionTokens }) => completionTokens },
          ...(isAnyUncounted
            ? [
                {
                  name: 'Examples whose tokens are unknown',
                  of: ({ uncountedExamples = 0 }: AgentSelection) => uncountedExamples,
                },
              ]
            : []),
        ],
      },
    ],
  });
}

/** Sums that do not match would mean that a response was lost or counted twice: the page must not hide it. */
function sumProblem(agent: AgentSelection) {
  const sum = sumOfOutcomes(agent);
  if (sum === agent.responses) return null;
  return prose(
    `The outcomes of ${agent.agent} add up to ${count(sum)}, not to its ${count(agent.responses)} responses: these counts are wrong.`,
    'problem',
  );
}

function responsesOf(agents: AgentSelection[]): number {
  return sumOf(agents, ({ responses }) => responses);
}

function sumOfOutcomes({ outcomes }: AgentSelection): number {
  return Object.values(outcomes).reduce((total, value) => total + value, 0);
}
