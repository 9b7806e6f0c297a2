/** What was trained on what: every response of every agent in exactly one outcome. */
import type { AgentSelection, SelectionReport } from '../../contract/training';
import { chartFigure } from '../chart-renderer';
import { color } from '../colors';
import { flowChart } from '../charts/flow';
import { stackedBars } from '../charts/stacked-bars';
import type { StackPart } from '../charts/stacked-bars';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { count } from '../numbers';
import type { PageSection } from '../section';
import { occurringOutcomes, outcomeColorName } from '../selection-outcomes';
import { selectionFlow } from '../selection-flow';
import { table } from '../table';

export function selectionSection({ iterations, run }: Report): PageSection | null {
  const selections = iterations.flatMap(({ selection }) => (selection === undefined ? [] : [selection]));
  if (selections.length === 0) return null;
  const { select } = run.specification.method;
  return {
    id: 'selection',
    title: 'What was trained on what',
    content: [
      html`<p>
        Selection rule: <strong>select: ${select}</strong>. Every response of the training debates has exactly one
        outcome, the first that applies; the outcomes of an agent add up to its responses.
      </p>`,
      selections.map((selection, index) => iterationDetails(selection, { open: index === selections.length - 1 })),
    ],
  };
}

function iterationDetails(selection: SelectionReport, { open }: { open: boolean }): Html {
  const examples = selection.agents.reduce((sum, agent) => sum + agent.examples, 0);
  const responses = selection.agents.reduce((sum, agent) => sum + agent.responses, 0);
  const content = html`<summary>
      Iteration ${selection.iteration}: ${count(examples)} examples from ${count(responses)} responses on
      ${count(selection.problems)} problems
    </summary>
    ${consensusSentence(selection)}
    ${
      selection.agents.length > 0 && [
        chartFigure(flowFigure(selection)),
        chartFigure(outcomeChart(selection)),
        outcomeTable(selection),
      ]
    }`;
  return open ? html`<details open>${content}</details>` : html`<details>${content}</details>`;
}

function consensusSentence({ consensus, problems, seed, select, method }: SelectionReport): Html {
  const { agreed, tieBroken, none, failed } = consensus;
  return html`<p>
    Of ${count(problems)} training problems ${count(agreed)} had a consensus (${count(tieBroken)} of them decided by a
    tie draw), ${count(none)} had none, ${count(failed)} failed. Method ${method}, select: ${select}, seed ${seed}.
  </p>`;
}

function flowFigure(selection: SelectionReport) {
  const { iteration, select, agents } = selection;
  const responses = agents.reduce((sum, agent) => sum + agent.responses, 0);
  const comparedWith = select === 'reference' ? 'the reference answer' : 'the consensus';
  return flowChart({
    id: `flow-${iteration}`,
    ...selectionFlow(selection),
    caption: `From ${count(responses)} responses to training sets, iteration ${iteration}: what ${comparedWith} says of a response, its one outcome, and whom it trains. ${select === 'none' ? 'Nothing was compared (select: none).' : '“Not judged” are responses of rounds that nobody is trained on, and those that did not end as an answer should.'}`,
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

/** Outcomes down, agents across, so that each column adds up to the responses looked at for its agent. */
function outcomeTable(selection: SelectionReport): Html {
  const { agents, iteration } = selection;
  const row = (header: string, of: (agent: AgentSelection) => number) => ({
    header,
    cells: [...agents.map((agent) => count(of(agent))), count(agents.reduce((sum, agent) => sum + of(agent), 0))],
  });
  const outcomes = occurringOutcomes(selection).map((outcome) => row(outcome, (agent) => agent.outcomes[outcome] ?? 0));
  const sums = [
    { ...row('Sum of the outcomes', sumOfOutcomes), emphasised: true },
    { ...row('n: responses looked at', ({ responses }) => responses), emphasised: true },
  ];
  const trained = [
    row('Examples in the training set', ({ examples }) => examples),
    row('of them on a tie draw', ({ trainedOnTie }) => trainedOnTie),
    row('Completion tokens', ({ completionTokens }) => completionTokens),
    ...(agents.some(({ uncountedExamples }) => uncountedExamples !== undefined)
      ? [row('Examples whose tokens are unknown', ({ uncountedExamples = 0 }) => uncountedExamples)]
      : []),
  ];
  return html`${sumProblems(agents)}${table({
    caption: `Responses by outcome, iteration ${iteration}.`,
    columns: ['Outcome', ...agents.map(({ agent }) => agent), 'All agents'],
    groups: [{ rows: [...outcomes, ...sums] }, { title: 'Training sets', rows: trained }],
  })}`;
}

/** Sums that do not match would mean that a response was lost or counted twice: the page must not hide it. */
function sumProblems(agents: AgentSelection[]): Html[] {
  return agents
    .filter((agent) => sumOfOutcomes(agent) !== agent.responses)
    .map(
      (agent) =>
        html`<p class="problem">
          The outcomes of ${agent.agent} add up to ${count(sumOfOutcomes(agent))}, not to its ${count(agent.responses)}
          responses: these counts are wrong.
        </p>`,
    );
}

function sumOfOutcomes({ outcomes }: AgentSelection): number {
  return Object.values(outcomes).reduce((total, value) => total + value, 0);
}
