/** Diversity and drift over the iterations: a panel and a table per measure, each with its direction. */
import type { Estimate, Measured, Measures } from '../../contract/measures';
import { measureCatalogue } from '../../domain/measures';
import { measurePanel, type MeasureLine } from '../../pages/charts/measure-panel';
import { seriesColor } from '../../pages/colors';
import { html } from '../../pages/html';
import { count } from '../../pages/numbers';
import { chart, details, grid, list, prose, section, table, type Column, type Section } from '../../pages/page';
import type { Report } from '../build-report';
import { agreementAccuracyChart } from '../charts/accuracy';

type MeasureName = keyof typeof measureCatalogue;

type ShownEstimate = Pick<Estimate, 'value' | 'interval' | 'n'>;

interface Shown {
  measure: MeasureName;
  /** What of it: a round or a role. */
  part: string;
  colorIndex: number;
  of: (measures: Measures) => Measured<ShownEstimate>;
}

const firstRound = { part: 'first round', colorIndex: 0 };
const lastRound = { part: 'last round', colorIndex: 1 };

const shown: readonly Shown[] = [
  { measure: 'agreement', ...lastRound, of: ({ agreement }) => agreement },
  { measure: 'embedding', ...firstRound, of: ({ embedding }) => embedding.first },
  { measure: 'embedding', ...lastRound, of: ({ embedding }) => embedding.last },
  { measure: 'heldOutLikelihood', ...lastRound, of: ({ heldOutLikelihood }) => heldOutLikelihood },
  { measure: 'klBetweenAgents', ...firstRound, of: ({ klBetweenAgents }) => klBetweenAgents.generation },
  { measure: 'klBetweenAgents', ...lastRound, of: ({ klBetweenAgents }) => klBetweenAgents.critic },
  { measure: 'klFromBase', ...firstRound, of: ({ klFromBase }) => klFromBase.generation },
  { measure: 'klFromBase', ...lastRound, of: ({ klFromBase }) => klFromBase.critic },
];

const legend = [
  { label: 'first round (generation agents)', color: seriesColor(firstRound.colorIndex) },
  { label: 'last round (critics)', color: seriesColor(lastRound.colorIndex) },
];

export function diversitySection(report: Report): Section | null {
  const measured = report.iterations.flatMap(({ measures }) => measures ?? []);
  if (measured.length === 0) return null;
  const names = [...new Set(shown.map(({ measure }) => measure))];
  return section('diversity', 'Diversity and drift', [
    prose(
      `How different the members of the society are, measured on its evaluation debates. Nothing here is read by selection. ${scoredOn(measured)}`,
    ),
    grid(
      legend,
      names.map((name) => panel(name, measured, report)),
    ),
    agreementAgainstAccuracy(report),
    details(
      'The values of all panels, with their intervals',
      [measureTable(measured), list('details', reasons(measured))],
      { isPrinted: true },
    ),
  ]);
}

function scoredOn(measured: Measures[]): string {
  const last = measured.at(-1);
  if (last === undefined) return '';
  const { problems, embeddingModel, fixedScorer, tooLong, refused } = last.scored;
  const { embedding, heldOutLikelihood, klBetweenAgents, klFromBase } = last;
  const likelihoods = [heldOutLikelihood, ...Object.values(klBetweenAgents), ...Object.values(klFromBase)];
  const scorer = fixedScorer === null ? 'the agents themselves' : fixedScorer;
  const scored = [
    ...(likelihoods.some(isMeasured) ? [`likelihoods by ${scorer}`] : []),
    ...(Object.values(embedding).some(isMeasured) ? [`embeddings by ${embeddingModel}`] : []),
  ];
  const intervals = 'Intervals are 95 % bootstrap intervals over problems.';
  if (scored.length === 0) return `No model scored anything. ${intervals}`;
  const left = tooLong === 0 ? '' : ` ${count(tooLong)} scores were left out: too long for the scorer’s context.`;
  const missing =
    refused === undefined
      ? ''
      : ` An endpoint refused to score ${count(refused.problems)} of them, which are missing here: ${refused.reason}`;
  return `Models scored ${count(problems)} of ${count(last.problems)} problems, drawn by seed: ${scored.join(', ')}. ${intervals}${left}${missing}`;
}

function isMeasured({ kind }: { kind: Measured<Estimate>['kind'] }): boolean {
  return kind === 'measured';
}

function panel(measure: MeasureName, measured: Measures[], report: Report) {
  const { label, unit, direction } = measureCatalogue[measure];
  const lines = shown
    .filter((each) => each.measure === measure)
    .map(({ colorIndex, of }): MeasureLine => ({
      colorIndex,
      points: measured.flatMap((measures) => {
        const estimate = of(measures);
        return estimate.kind === 'measured' ? [{ iteration: measures.iteration, estimate }] : [];
      }),
    }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return null;
  const caption = html`<strong>${label}</strong>, ${unit}, by iteration: ${direction}`;
  return measurePanel({ id: measure, label, caption, lines, iterations: report.run.plan.iterations });
}

function agreementAgainstAccuracy({ iterations }: Report) {
  const points = iterations.flatMap(({ iteration, evaluation }) => {
    const society = evaluation?.modes.find(({ mode }) => mode === 'society');
    const agreement = evaluation?.agreement;
    if (society === undefined || agreement === null || agreement === undefined) return [];
    return [{ iteration, agreement, accuracy: society.accuracy }];
  });
  const problems = iterations.find(({ evaluation }) => evaluation !== undefined)?.evaluation?.problems ?? 0;
  return points.length < 2 ? null : chart(agreementAccuracyChart(points, problems));
}

interface EstimateRow {
  iteration: number;
  estimate: Measured<ShownEstimate>;
}

const columns: Column<EstimateRow>[] = [
  { head: 'Iteration', of: ({ iteration }) => iteration },
  {
    head: 'Value',
    of: ({ estimate }) => (estimate.kind === 'measured' ? estimate.value.toFixed(4) : 'not measurable'),
  },
  {
    head: '95 % interval',
    of: ({ estimate }) =>
      estimate.kind === 'measured' && estimate.interval !== null
        ? `${estimate.interval.lower.toFixed(4)} to ${estimate.interval.upper.toFixed(4)}`
        : null,
  },
  { head: 'n', of: ({ estimate }) => (estimate.kind === 'measured' ? count(estimate.n) : null) },
];

function measureTable(measured: Measures[]) {
  return table({
    caption: 'The values of the panels. “Not measurable” is no 0: the reasons stand below the table.',
    columns,
    groups: shown
      .filter(({ of }) => measured.some((measures) => !isUnasked(of(measures))))
      .map(({ measure, part, of }) => {
        const { label, unit, direction } = measureCatalogue[measure];
        return {
          title: `${label}, ${part} (${unit}): ${direction}`,
          rows: measured.map((measures) => ({ iteration: measures.iteration, estimate: of(measures) })),
        };
      }),
  });
}

function isUnasked(estimate: Measured<object>): boolean {
  return estimate.kind === 'not-measurable' && estimate.reason.startsWith('not asked for');
}

function reasons(measured: Measures[]): string[] {
  const found = shown.flatMap(({ measure, part, of }) =>
    measured.flatMap((measures) => {
      const estimate = of(measures);
      if (estimate.kind === 'measured' || isUnasked(estimate)) return [];
      return [`${measureCatalogue[measure].label}, ${part}: ${estimate.reason}`];
    }),
  );
  return [...new Set(found)];
}
