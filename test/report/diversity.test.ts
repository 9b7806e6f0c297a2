/** The parts of the page on diversity, members, flips and warnings. */
import { buildReport, renderHtml, type ReportInput } from '../../src/report';
import { flipLedger } from '../../src/report/flip-ledger';
import { measureCatalogue } from '../../src/domain/measures';
import { reportFixture } from '../support/report-fixture';

// What a chart looks like is tested in render-html.test.ts and browser.test.ts; here only that it is there.
jest.mock('../../src/pages/svg', () => ({ renderSvg: ({ prefix }: { prefix: string }) => prefix }));

const sectionOf = (page: string, id: string): string =>
  new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(page)?.[0] ?? '';
const pageOf = (input: ReportInput) => renderHtml(buildReport(input));

describe('the section on diversity', () => {
  const section = sectionOf(pageOf(reportFixture()), 'diversity');

  test('says of every measure which direction is more diverse', () => {
    for (const name of ['agreement', 'embedding', 'heldOutLikelihood', 'klBetweenAgents', 'klFromBase'] as const) {
      expect(section).toContain(measureCatalogue[name].label);
      expect(section).toContain(measureCatalogue[name].direction);
    }
  });

  test('has a drawing per measure and one of agreement against accuracy', () => {
    for (const id of ['measure-agreement', 'measure-klFromBase', 'agreement-accuracy'])
      expect(section).toContain(`${id}-`);
  });

  test('says on how many problems it rests, and what was left out', () => {
    expect(section).toContain('Models scored 200 of 500 problems');
    expect(section).toContain('2 scores were left out');
    const input = reportFixture();
    for (const { measures } of input.iterations) measures!.scored.refused = { problems: 3, reason: 'answered 400' };
    expect(sectionOf(pageOf(input), 'diversity')).toContain(
      'An endpoint refused to score 3 of them, which are missing here: answered 400',
    );
  });

  test('does not say that models scored where none did', () => {
    const input = reportFixture();
    const missing = { kind: 'not-measurable' as const, reason: 'no such route' };
    for (const { measures } of input.iterations) {
      if (measures === undefined) continue;
      const none = { generation: missing, critic: missing };
      Object.assign(measures, { heldOutLikelihood: missing, klBetweenAgents: none, klFromBase: none });
    }
    expect(sectionOf(pageOf(input), 'diversity')).toContain('drawn by seed: embeddings by');
    for (const { measures } of input.iterations) measures!.embedding = { first: missing, last: missing };
    const page = sectionOf(pageOf(input), 'diversity');
    expect(page).toContain('No model scored anything.');
    expect(page).not.toContain('Models scored');
  });

  test('shows what is not measurable with its reason, never as 0', () => {
    const one = sectionOf(pageOf(reportFixture({ members: 2 })), 'diversity');
    expect(one).toContain('not measurable');
    expect(one).toContain('a held-out critic needs three members; there are 2');
  });
});

test('without measures there is no such section', () => {
  const input = reportFixture();
  const iterations = input.iterations.map(({ measures: _, ...rest }) => rest);
  const page = pageOf({ ...input, iterations });
  expect(sectionOf(page, 'diversity')).toBe('');
  expect(sectionOf(page, 'members')).toBe('');
  expect(sectionOf(page, 'flips')).not.toBe('');
});

test('members show coverage and what the critics did', () => {
  const section = sectionOf(pageOf(reportFixture()), 'members');
  for (const text of ['Any member, first round', 'Wrong to right', 'critic-3', 'Any of them'])
    expect(section).toContain(text);
});

describe('specialisation', () => {
  const input = reportFixture({ problems: 60 });
  const section = sectionOf(pageOf(input), 'specialisation');

  test('has a panel per type and role, and a table of types by agents', () => {
    for (const text of [
      'no carry',
      'measure-generation-type-2',
      'measure-critic-type-2',
      '>generation-3<',
      '>critic-3<',
    ])
      expect(section).toContain(text);
  });

  test('an agent that stands out is marked by a symbol, not by a colour alone', () => {
    const iterations = input.iterations.map((each) => {
      const { measures } = each;
      if (measures?.specialisation.kind !== 'measured') return each;
      const rows = measures.specialisation.rows.map((row) => ({
        ...row,
        members: row.members.map((member) => ({ ...member, firstRight: member.member === 2 ? row.problems : 0 })),
      }));
      return { ...each, measures: { ...measures, specialisation: { kind: 'measured' as const, rows } } };
    });
    expect(sectionOf(pageOf({ ...input, iterations }), 'specialisation')).toMatch(/▲ 100\.0[\s\S]*▼ 0\.0/);
  });

  test('data without types, as arithmetic, have no such section', () => {
    const iterations = input.iterations.map((each) => {
      const { measures } = each;
      if (measures?.specialisation.kind !== 'measured') return each;
      const rows = measures.specialisation.rows.slice(0, 1);
      return { ...each, measures: { ...measures, specialisation: { kind: 'measured' as const, rows } } };
    });
    expect(sectionOf(pageOf({ ...input, iterations }), 'specialisation')).toBe('');
  });
});

describe('the ledger of flips', () => {
  const evaluation = (iteration: number, right: Record<string, boolean>) => ({
    iteration,
    weights: [],
    evaluation: {
      ...reportFixture().iterations[0]!.evaluation!,
      iteration,
      perProblem: Object.entries(right).map(([problemId, society]) => ({ problemId, correct: { society } })),
    },
  });
  const texts = { questions: { lost: 'why?' }, references: { lost: '4' } };

  test('counts steady problems, and puts those lost at the end first', () => {
    const ledger = flipLedger(
      [
        evaluation(0, { always: true, never: false, lost: true, won: false, restless: false }),
        evaluation(1, { always: true, never: false, lost: true, won: true, restless: true }),
        evaluation(2, { always: true, never: false, lost: false, won: true, restless: false }),
      ],
      texts,
    )!;
    expect(ledger).toMatchObject({ iterations: [0, 1, 2], problems: 5, alwaysRight: 1, alwaysWrong: 1, changed: 3 });
    expect(ledger.entries).toEqual([
      { problemId: 'lost', question: 'why?', reference: '4', right: [true, true, false], flips: 1 },
      { problemId: 'restless', question: '', reference: null, right: [false, true, false], flips: 2 },
      { problemId: 'won', question: '', reference: null, right: [false, true, true], flips: 1 },
    ]);
  });

  test('needs two evaluations', () => {
    expect(flipLedger([evaluation(0, { a: true })], texts)).toBeNull();
  });

  test('is on the page with the questions behind it', () => {
    const section = sectionOf(pageOf(reportFixture()), 'flips');
    expect(section).toMatch(/at iterations 0, 1, 2/);
    expect(section).toMatch(/\d\+\d\*\d\+\d-\d\*\d=\?/);
    expect(section).toContain('aria-label="right, ');
  });
});

test('signs of collapse stand above the notices, as warnings', () => {
  const input = reportFixture();
  const starved = input.iterations.map((each) => ({
    ...each,
    selection: each.selection && {
      ...each.selection,
      agents: each.selection.agents.map((agent) => ({ ...agent, examples: 2 })),
    },
  }));
  const page = pageOf({ ...input, iterations: starved });
  expect(sectionOf(page, 'warnings')).toContain('training sets are nearly empty');
  expect(page.indexOf('id="warnings"')).toBeLessThan(page.indexOf('id="notices"'));
  expect(sectionOf(pageOf(input), 'warnings')).toBe('');
});
