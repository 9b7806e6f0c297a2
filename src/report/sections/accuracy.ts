/** Accuracy and agreement per iteration: curves, the numbers behind them, and each member's own accuracy. */
import { namedRules } from '../../domain/named-rules';
import { mean } from '../../domain/statistics';
import { shareChart } from '../../pages/charts/shares';
import { count, percent, percentInterval, percentWithError, points, pointsInterval, pValue } from '../../pages/numbers';
import { chart, details, section, table, type Column, type Section } from '../../pages/page';
import type { Evaluation } from '../../contract/evaluation';
import type { AccuracyPoint, Report } from '../build-report';
import { accuracyCurves } from '../charts/accuracy';

export function accuracySection(report: Report): Section | null {
  if (report.points.length === 0) return null;
  const evaluations = report.iterations.flatMap(({ evaluation }) => evaluation ?? []);
  return section('accuracy', 'Accuracy per iteration', [
    curveTable(report),
    agreementFigure(report, evaluations),
    agreementTable(evaluations),
    memberTable(evaluations),
  ]);
}

type Summary = Omit<Evaluation, 'perProblem'>;

/** How the society answers, and the rules that are named beside it. */
export function societyLabel({ run }: Report): string {
  const { evaluateBy } = run.specification.method;
  const rules = namedRules(run.specification);
  const answer =
    run.plan.evaluationRounds > 1
      ? 'Society (debate)'
      : evaluateBy === 'sample'
        ? 'Society (one sample)'
        : 'Society (vote)';
  return rules === '' ? answer : `${answer}, ${rules}`;
}

const pointColumns: Column<AccuracyPoint>[] = [
  { head: 'Iteration', of: ({ iteration }) => iteration },
  { head: 'Accuracy ± SE', of: percentWithError },
  { head: 'Right', of: ({ correct }) => count(correct) },
  { head: 'n', of: ({ n }) => count(n) },
  { head: '95 % Wilson interval', of: ({ interval }) => percentInterval(interval) },
  { head: 'Difference, points', of: ({ comparison }) => comparison && points(comparison.difference) },
  { head: '95 % interval', of: ({ comparison }) => comparison && pointsInterval(comparison.interval) },
  { head: 'McNemar', of: ({ comparison }) => comparison && pValue(comparison.pValue) },
];

function curveTable(report: Report) {
  const curves = accuracyCurves(report.points, societyLabel(report));
  return table({
    caption: 'The values of the curves. Differences are paired, against the same way of answering before finetuning.',
    columns: pointColumns,
    groups: curves.map(({ label, points: rows }) => ({ title: label, rows })),
  });
}

function agreementFigure({ points: measured, run }: Report, evaluations: Summary[]) {
  const agreed = evaluations.flatMap(({ iteration, agreement }) =>
    agreement === null ? [] : [{ iteration, share: agreement }],
  );
  if (agreed.length === 0) return null;
  const society = measured.filter(({ mode }) => mode === 'society');
  const accuracies = society.map(({ iteration, accuracy }) => ({ iteration, share: accuracy }));
  return chart(
    shareChart({
      id: 'agreement',
      description:
        'Agreement of the members and accuracy of the society per iteration; the values are in the table below.',
      caption:
        'Agreement: mean share of parsed last-round answers in the winning group, over problems with a consensus. Where agreement rises and accuracy does not, the members have become more alike, not better.',
      iterations: run.plan.iterations,
      lines: [
        { label: 'Agreement', colorIndex: 3, points: agreed },
        { label: 'Accuracy of the society', colorIndex: 0, dashed: true, points: accuracies },
      ],
    }),
  );
}

const agreementColumns: Column<Summary>[] = [
  { head: 'Iteration', of: ({ iteration }) => iteration },
  { head: 'Agreement', of: ({ agreement }) => (agreement === null ? 'not measured' : percent(agreement)) },
  {
    head: 'n (with a consensus)',
    of: ({ problems, withoutConsensus, failed }) => count(problems - withoutConsensus - failed),
  },
  { head: 'Without consensus', of: ({ withoutConsensus }) => count(withoutConsensus) },
  { head: 'Failed', of: ({ failed }) => count(failed) },
  {
    head: 'Ties broken by draw',
    of: ({ modes }) => count(modes.find(({ mode }) => mode === 'society')?.tieBroken ?? 0),
  },
];

function agreementTable(evaluations: Summary[]) {
  return table({
    caption: 'Agreement among the members on the evaluation problems.',
    columns: agreementColumns,
    groups: [{ rows: evaluations }],
  });
}

interface MemberRow {
  name: string;
  first: number;
  last: number;
  problems: number;
}

const memberColumns: Column<MemberRow>[] = [
  { head: 'Member', of: ({ name }) => name },
  { head: 'First round', of: ({ first }) => percent(first) },
  { head: 'Last round', of: ({ last }) => percent(last) },
  { head: 'n', of: ({ problems }) => count(problems) },
];

function memberTable(evaluations: Summary[]) {
  const measured = evaluations.filter(({ members }) => members.length > 0);
  return details('Each member’s own accuracy, first and last round', [
    table({
      caption: 'Accuracy of each member’s own answers, before the vote.',
      columns: memberColumns,
      groups: measured.map(({ iteration, members, problems }) => ({
        title: `Iteration ${iteration}`,
        rows: members.map(({ member, first, last }) => ({ name: `Member ${member}`, first, last, problems })),
        totals: [
          {
            name: 'Mean',
            first: mean(members.map(({ first }) => first)),
            last: mean(members.map(({ last }) => last)),
            problems,
          },
        ],
      })),
    }),
  ]);
}
