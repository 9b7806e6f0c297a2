import type { SelectionReport } from '../../src/contract/training';
import { selectionFlow, type SelectionFlow } from '../../src/report/selection-flow';
import { reportFixture } from '../support/report-fixture';

function selectionOf(shape: Parameters<typeof reportFixture>[0] = {}): SelectionReport {
  const { selection } = reportFixture(shape).iterations.at(-1) ?? {};
  if (selection === undefined) throw new Error('the fixture has no selection');
  return selection;
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const flowing = (flow: SelectionFlow, end: 'from' | 'to', id: string) =>
  sum(flow.links.filter((link) => link[end] === id).map(({ responses }) => responses));
const labels = (flow: SelectionFlow, stage: number) =>
  flow.nodes.filter((node) => node.stage === stage).map(({ label }) => label);

describe('the flow of selection', () => {
  test.each([
    ['the default shape', {}],
    ['failed problems', { failedProblems: 9 }],
    ['an agent without examples', { emptyAgents: ['critic-2'] }],
    ['one member, one round', { members: 1, rounds: 1 }],
    ['eight members', { members: 8 }],
    ['no selection at all', { method: { select: 'none' } }],
  ])('every response has exactly one outcome, and what flows in flows out: %s', (_, shape) => {
    const selection = selectionOf(shape);
    const flow = selectionFlow(selection);
    const stage = (number: number) => flow.nodes.filter((node) => node.stage === number);
    const all = sum(selection.agents.map(({ responses }) => responses));
    expect([0, 1, 2].map((number) => sum(stage(number).map(({ responses }) => responses)))).toEqual([all, all, all]);
    for (const { id, responses, stage: number } of flow.nodes) {
      if (number > 0) expect(flowing(flow, 'to', id)).toBe(responses);
      if (number < 2) expect(flowing(flow, 'from', id)).toBe(responses);
    }
    expect(sum(stage(3).map(({ responses }) => responses))).toBe(sum(selection.agents.map(({ examples }) => examples)));
  });

  test('what was rejected because it differs or does not parse never agreed; what was left out later did', () => {
    const flow = selectionFlow(selectionOf({ failedProblems: 9 }));
    const behind = (judgement: string) =>
      flow.links.filter(({ from }) => from === `judgement/${judgement}`).map(({ to }) => to.replace('outcome/', ''));
    expect(behind('disagrees')).toEqual(['disagrees']);
    expect(behind('no answer')).toEqual(['unparsable']);
    expect(behind('no consensus')).toEqual(['failed', 'no-consensus']);
    expect(behind('not judged')).toEqual(['not-a-target']);
    expect(behind('agrees')).toEqual(expect.arrayContaining(['below-agreement', 'truncated', 'not-sampled']));
  });

  test('an agent whose training set is empty is no end of the flow', () => {
    const ends = labels(selectionFlow(selectionOf({ emptyAgents: ['critic-2'] })), 3);
    expect(ends).toEqual(['generation-1', 'generation-2', 'generation-3', 'critic-1', 'critic-3']);
  });

  test('many agents end as roles', () => {
    expect(labels(selectionFlow(selectionOf({ members: 8 })), 3)).toEqual(['generation', 'critics']);
  });

  test('with reference answers the judgement is called what it is', () => {
    const found = labels(selectionFlow({ ...selectionOf(), select: 'reference' }), 1);
    expect(found).toEqual(expect.arrayContaining(['right', 'wrong']));
    expect(found).not.toContain('agrees');
  });
});
