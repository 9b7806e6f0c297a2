/** Who is right where, and what the critics change: specialisation, any-of-N coverage, critic effect. */
import type { AccuracyByType, CriticEffect, Measures } from '../../contract/measures';
import { wilsonInterval } from '../../domain/statistics';
import { shareChart } from '../charts/shares';
import { stackedBars } from '../charts/stacked-bars';
import { chartFigure } from '../chart-renderer';
import { color } from '../colors';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { count, percent, points } from '../numbers';
import { visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table } from '../table';

export function membersSection(report: Report): PageSection | null {
  const measured = report.iterations.flatMap(({ measures }) => (measures === undefined ? [] : [measures]));
  const content = [coverageFigure(measured, report), memberTable(measured), ...criticContent(measured)];
  if (content.every((part) => part === null)) return null;
  return { id: 'members', title: 'Members and critics', content };
}

function rowsOf({ specialisation }: Measures): AccuracyByType[] {
  return specialisation.kind === 'measured' ? specialisation.rows : [];
}

function coverageFigure(measured: Measures[], { run }: Report): Html | null {
  const wholes = measured.flatMap((measures) =>
    rowsOf(measures)
      .slice(0, 1)
      .map((row) => ({ iteration: measures.iteration, row })),
  );
  const [first] = wholes;
  if (first === undefined || first.row.members.length < 2) return null;
  const line = (label: string, colorIndex: number, rightOf: (row: AccuracyByType) => number) => ({
    label,
    colorIndex,
    points: wholes.map(({ iteration, row }) => ({ iteration, share: rightOf(row) / row.problems })),
  });
  return chartFigure(
    shareChart({
      id: 'coverage',
      description: 'Any-of-N coverage, society and mean member per iteration; the values are in the table below.',
      caption: `Share of problems that at least one member answers rightly in the first round, that the society answers rightly, and that a member answers rightly on average (n = ${first.row.problems}). Coverage further above the members is more diverse: they fail on different problems.`,
      iterations: run.plan.iterations,
      lines: [
        line('Any member, first round', 2, ({ anyFirstRight }) => anyFirstRight),
        line('Society', 0, ({ societyRight }) => societyRight),
        line('Mean member, first round', 3, ({ members }) => meanOf(members.map(({ firstRight }) => firstRight))),
        line('Mean member, last round', 1, ({ members }) => meanOf(members.map(({ lastRight }) => lastRight))),
      ],
    }),
  );
}

/** All problems; the types and levels have a section of their own. */
function memberTable(measured: Measures[]): Html | null {
  const groups = measured.flatMap((measures) =>
    rowsOf(measures)
      .slice(0, 1)
      .map((row) => ({
        title: `Iteration ${measures.iteration} (n = ${count(row.problems)})`,
        rows: [
          ...row.members.map(({ member, firstRight, lastRight }) => ({
            header: `Member ${member}`,
            cells: [accuracy(firstRight, row), accuracy(lastRight, row)],
          })),
          { header: 'Any of them', cells: [accuracy(row.anyFirstRight, row), accuracy(row.anyLastRight, row)] },
          { header: 'Society', emphasised: true, cells: ['–', accuracy(row.societyRight, row)] },
        ],
      })),
  );
  if (groups.length === 0) return null;
  return html`<details>
    <summary>Accuracy of each member, beside any-of-N coverage and the society</summary>
    ${table({
      caption: 'Accuracy on all problems with 95 % Wilson intervals.',
      columns: ['Who', 'First round', 'Last round'],
      groups,
    })}
  </details>`;
}

function accuracy(right: number, { problems }: AccuracyByType): string {
  const { lower, upper } = wilsonInterval({ correct: right, n: problems });
  return problems === 0 ? '–' : `${percent(right / problems)} (${percent(lower)} to ${percent(upper)})`;
}

function criticContent(measured: Measures[]): (Html | null)[] {
  const effects = measured.flatMap(({ iteration, criticEffect }) =>
    criticEffect.kind === 'measured' ? [{ iteration, critics: criticEffect.critics }] : [],
  );
  const last = effects.at(-1);
  if (last === undefined) return [null];
  return [
    html`<h3>Critic effect</h3>`,
    chartFigure(effectChart(last)),
    table({
      caption: 'What each critic made of its member’s first answer, within the evaluation debate.',
      columns: ['Critic', 'Wrong to right', 'Right to wrong', 'Net, points', 'Stayed right', 'Stayed wrong', 'n'],
      groups: effects.map(({ iteration, critics }) => ({
        title: `Iteration ${iteration}`,
        rows: critics.map((effect) => ({
          header: visibleLine(effect.critic),
          cells: effectCells(effect),
        })),
      })),
    }),
  ];
}

function effectCells({ problems, wrongToRight, rightToWrong, stayedRight, stayedWrong }: CriticEffect): string[] {
  const net = problems === 0 ? '–' : points((wrongToRight - rightToWrong) / problems);
  return [count(wrongToRight), count(rightToWrong), net, ...[stayedRight, stayedWrong, problems].map(count)];
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

function meanOf(values: number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
