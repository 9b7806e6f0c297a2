/** Accuracy and agreement per iteration: curves, the numbers behind them, and each member's own accuracy. */
import { accuracyCurves } from '../charts/accuracy';
import type { Curve } from '../charts/accuracy';
import { shareChart } from '../charts/shares';
import { chartFigure } from '../chart-renderer';
import { html } from '../html';
import type { Html } from '../html';
import type { AccuracyPoint, Report } from '../build-report';
import { count, percent, percentWithError, points, pointsInterval, pValue } from '../numbers';
import { mean } from '../../domain/statistics';
import type { PageSection } from '../section';
import { table } from '../table';

export function accuracySection(report: Report): PageSection | null {
  if (report.points.length === 0) return null;
  const curves = accuracyCurves(report.points, societyLabel(report));
  return {
    id: 'accuracy',
    title: 'Accuracy per iteration',
    content: [curveTable(curves), agreementFigure(report), agreementTable(report), memberTable(report)],
  };
}

/** How the society answers; another rule of selection than the consensus is named (method, section 3). */
export function societyLabel({ run }: Report): string {
  const { evaluateBy, select } = run.specification.method;
  const answer =
    run.plan.evaluationRounds > 1
      ? 'Society (debate)'
      : evaluateBy === 'sample'
        ? 'Society (one sample)'
        : 'Society (vote)';
  return select === 'consensus' ? answer : `${answer}, select: ${select}`;
}

function curveTable(curves: Curve[]): Html {
  return table({
    caption: 'The values of the curves. Differences are paired, against the same way of answering before finetuning.',
    columns: [
      'Iteration',
      'Accuracy ± SE',
      'Right',
      'n',
      '95 % Wilson interval',
      'Difference, points',
      '95 % interval',
      'McNemar',
    ],
    groups: curves.map(({ label, points: curvePoints }) => ({ title: label, rows: curvePoints.map(pointCells) })),
  });
}

function pointCells({ iteration, comparison, ...point }: AccuracyPoint) {
  const { lower, upper } = point.interval;
  const compared =
    comparison === null
      ? ['–', '–', '–']
      : [points(comparison.difference), pointsInterval(comparison.interval), pValue(comparison.pValue)];
  return {
    header: iteration,
    cells: [
      percentWithError(point),
      count(point.correct),
      count(point.n),
      `${percent(lower)} to ${percent(upper)}`,
      ...compared,
    ],
  };
}

function evaluations({ iterations }: Report) {
  return iterations.flatMap(({ evaluation }) => (evaluation === undefined ? [] : [evaluation]));
}

function agreementFigure(report: Report): Html | null {
  const measured = evaluations(report).filter(({ agreement }) => agreement !== null);
  if (measured.length === 0) return null;
  const society = report.points.filter(({ mode }) => mode === 'society');
  return chartFigure(
    shareChart({
      id: 'agreement',
      description:
        'Agreement of the members and accuracy of the society per iteration; the values are in the table below.',
      caption:
        'Agreement: mean share of parsed last-round answers in the winning group, over problems with a consensus. Where agreement rises and accuracy does not, the members have become more alike, not better.',
      iterations: report.run.plan.iterations,
      lines: [
        {
          label: 'Agreement',
          colorIndex: 3,
          points: measured.map(({ iteration, agreement }) => ({ iteration, share: agreement ?? 0 })),
        },
        {
          label: 'Accuracy of the society',
          colorIndex: 0,
          dashed: true,
          points: society.map(({ iteration, accuracy }) => ({ iteration, share: accuracy })),
        },
      ],
    }),
  );
}

function agreementTable(report: Report): Html {
  return table({
    caption: 'Agreement among the members on the evaluation problems.',
    columns: ['Iteration', 'Agreement', 'n (with a consensus)', 'Without consensus', 'Failed', 'Ties broken by draw'],
    groups: [
      {
        rows: evaluations(report).map(({ iteration, agreement, problems, withoutConsensus, failed, modes }) => ({
          header: iteration,
          cells: [
            agreement === null ? 'not measured' : percent(agreement),
            count(problems - withoutConsensus - failed),
            count(withoutConsensus),
            count(failed),
            count(modes.find(({ mode }) => mode === 'society')?.tieBroken ?? 0),
          ],
        })),
      },
    ],
  });
}

function memberTable(report: Report): Html | null {
  const measured = evaluations(report).filter(({ members }) => members.length > 0);
  if (measured.length === 0) return null;
  return html`<details>
    <summary>Each member’s own accuracy, first and last round</summary>
    ${table({
      caption: 'Accuracy of each member’s own answers, before anybody votes.',
      columns: ['Member', 'First round', 'Last round', 'n'],
      groups: measured.map(({ iteration, members, meanFirstAccuracy, problems }) => ({
        title: `Iteration ${iteration}`,
        rows: [
          ...members.map(({ member, first, last }) => ({
            header: `Member ${member}`,
            cells: [percent(first), percent(last), count(problems)],
          })),
          {
            header: 'Mean',
            emphasised: true,
            cells: [percent(meanFirstAccuracy), percent(mean(members.map(({ last }) => last))), count(problems)],
          },
        ],
      })),
    })}
  </details>`;
}
