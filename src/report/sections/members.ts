/** Who is right where, and what the critics change: any-of-N coverage, critic effect. */
import type { AccuracyByType, CriticEffect, Measures } from '../../contract/measures';
import { mean, wilsonInterval } from '../../domain/statistics';
import { shareChart } from '../../pages/charts/shares';
import { stackedBars } from '../../pages/charts/stacked-bars';
import { color } from '../../pages/colors';
import { count, percent, percentInterval, points } from '../../pages/numbers';
import { chart, details, prose, section, table, type Block, type Column, type Section } from '../../pages/page';
import type { Report } from '../build-report';

export function membersSection(report: Report): Section | null {
  const measured = report.iterations.flatMap(({ measures }) => measures ?? []);
  const wholes = measured.flatMap(wholeOf);
  return section('members', 'Members and critics', [
    coverageFigure(wholes, report),
    memberTable(wholes),
    ...criticBlocks(measured),
  ]);
}

/** All problems of an iteration together; the types and levels have a section of their own. */
interface Whole {
  iteration: number;
  row: AccuracyByType;
}

function wholeOf({ iteration, specialisation }: Measures): Whole[] {
  const [row] = specialisation.kind === 'measured' ? specialisation.rows : [];
  return row === undefined ? [] : [{ iteration, row }];
}

function coverageFigure(wholes: Whole[], { run }: Report) {
  const [first] = wholes;
  if (first === undefined || first.row.members.length < 2) return null;
  const line = (label: string, colorIndex: number, rightOf: (row: AccuracyByType) => number) => ({
    label,
    colorIndex,
    points: wholes.map(({ iteration, row }) => ({ iteration, share: rightOf(row) / row.problems })),
  });
  return chart(
    shareChart({
      id: 'coverage',
      description: 'Any-of-N coverage, society and mean member per iteration; the values are in the table below.',
      caption: `Share of problems that at least one member answers rightly in the first round, that the society answers rightly, and that a member answers rightly on average (n = ${first.row.problems}). Coverage further above the members is more diverse: they fail on different problems.`,
      iterations: run.plan.iterations,
      lines: [
        line('Any member, first round', 2, ({ anyFirstRight }) => anyFirstRight),
        line('Society', 0, ({ societyRight }) => societyRight),
        line('Mean member, first round', 3, ({ members }) => mean(members.map(({ firstRight }) => firstRight))),
        line('Mean member, last round', 1, ({ members }) => mean(members.map(({ lastRight }) => lastRight))),
      ],
    }),
  );
}

interface RightRow {
  name: string;
  first: number | null;
  last: number;
  problems: number;
}

const rightColumns: Column<RightRow>[] = [
  { head: 'Who', of: ({ name }) => name },
  { head: 'First round', of: ({ first, problems }) => accuracyText(first, problems) },
  { head: 'Last round', of: ({ last, problems }) => accuracyText(last, problems) },
];

function memberTable(wholes: Whole[]) {
  return details('Accuracy of each member, beside any-of-N coverage and the society', [
    table({
      caption: 'Accuracy on all problems with 95 % Wilson intervals.',
      columns: rightColumns,
      groups: wholes.map(({ iteration, row: { problems, ...row } }) => ({
        title: `Iteration ${iteration} (n = ${count(problems)})`,
        rows: [
          ...row.members.map(({ member, firstRight: first, lastRight: last }) => ({
            name: `Member ${member}`,
            first,
            last,
            problems,
          })),
          { name: 'Any of them', first: row.anyFirstRight, last: row.anyLastRight, problems },
        ],
        totals: [{ name: 'Society', first: null, last: row.societyRight, problems }],
      })),
    }),
  ]);
}

function accuracyText(right: number | null, problems: number): string | null {
  if (right === null || problems === 0) return null;
  return `${percent(right / problems)} (${percentInterval(wilsonInterval({ correct: right, n: problems }))})`;
}

const effectColumns: Column<CriticEffect>[] = [
  { head: 'Critic', of: ({ critic }) => critic },
  { head: 'Wrong to right', of: ({ wrongToRight }) => count(wrongToRight) },
  { head: 'Right to wrong', of: ({ rightToWrong }) => count(rightToWrong) },
  {
    head: 'Net, points',
    of: ({ problems, wrongToRight, rightToWrong }) =>
      problems === 0 ? null : points((wrongToRight - rightToWrong) / problems),
  },
  { head: 'Stayed right', of: ({ stayedRight }) => count(stayedRight) },
  { head: 'Stayed wrong', of: ({ stayedWrong }) => count(stayedWrong) },
  { head: 'n', of: ({ problems }) => count(problems) },
];

function criticBlocks(measured: Measures[]): (Block | null)[] {
  const effects = measured.flatMap(({ iteration, criticEffect }) =>
    criticEffect.kind === 'measured' ? [{ iteration, critics: criticEffect.critics }] : [],
  );
  const last = effects.at(-1);
  if (last === undefined) return [];
  return [
    prose('Critic effect', 'heading'),
    chart(effectChart(last)),
    table({
      caption: 'What each critic made of its member’s first answer, within the evaluation debate.',
      columns: effectColumns,
      groups: effects.map(({ iteration, critics }) => ({ title: `Iteration ${iteration}`, rows: critics })),
    }),
  ];
}

function effectChart({ iteration, critics }: { iteration: number; critics: CriticEffect[] }) {
  const part = (label: string, colorName: string, of: (effect: CriticEffect) => number) => ({
    label,
    color: color(colorName),
    values: critics.map(of),
  });
  return stackedBars({
    id: 'critic-effect',
    description: `Critic effect at iteration ${iteration}; the values are in the table below.`,
    caption: `From first to last answer at iteration ${iteration}, n = ${Math.max(...critics.map(({ problems }) => problems))} problems.`,
    bars: critics.map(({ critic }) => critic),
    unit: 'problems',
    parts: [
      part('Wrong to right', 'set-2', ({ wrongToRight }) => wrongToRight),
      part('Stayed right', 'set-3', ({ stayedRight }) => stayedRight),
      part('Stayed wrong', 'reject-3', ({ stayedWrong }) => stayedWrong),
      part('Right to wrong', 'reject-1', ({ rightToWrong }) => rightToWrong),
    ],
  });
}
