/** Diversity and drift over the iterations: a panel and a table per measure, each with its direction. */
import type { Estimate, Measured, Measures } from '../../contract/measures';
import { measureCatalogue } from '../../domain/measures';
import { agreementAccuracyChart } from '../charts/agreement-accuracy';
import { measurePanel, type MeasureLine } from '../charts/measure-panel';
import { chartFigure, legendList, smallChart } from '../chart-renderer';
import { seriesColor } from '../colors';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { count } from '../numbers';
import { visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table } from '../table';

type MeasureName = keyof typeof measureCatalogue;

interface Shown {
  measure: MeasureName;
  /** What of it: a round or a role. */
  part: string;
  colorIndex: number;
  of: (measures: Measures) => Measured<Pick<Estimate, 'value' | 'interval' | 'n'>>;
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

export function diversitySection(report: Report): PageSection | null {
  const measured = report.iterations.flatMap(({ measures }) => (measures === undefined ? [] : [measures]));
  if (measured.length === 0) return null;
  const panels = [...new Set(shown.map(({ measure }) => measure))].map((measure) => panel(measure, measured, report));
  return {
    id: 'diversity',
    title: 'Diversity and drift',
    content: [
      html`<p>
        How different the members of the society are, measured on its evaluation debates. Nothing here is read by
        selection. ${scoredOn(measured)}
      </p>`,
      legendList([
        { label: 'first round (generation agents)', color: seriesColor(firstRound.colorIndex) },
        { label: 'last round (critics)', color: seriesColor(lastRound.colorIndex) },
      ]),
      html`<div class="grid">${panels}</div>`,
      agreementAgainstAccuracy(report),
      html`<details class="values">
        <summary>The values of all panels, with their intervals</summary>
        ${measureTable(measured)}
      </details>`,
      reasons(measured),
    ],
  };
}

function scoredOn(measured: Measures[]): string {
  const last = measured.at(-1);
  if (last === undefined) return '';
  const { problems, embeddingModel, fixedScorer, tooLong } = last.scored;
  const { embedding, heldOutLikelihood, klBetweenAgents, klFromBase } = last;
  const likelihoods = [heldOutLikelihood, ...Object.values(klBetweenAgents), ...Object.values(klFromBase)];
  const scorer = fixedScorer === null ? 'the agents themselves' : visibleLine(fixedScorer);
  const scored = [
    ...(likelihoods.some(isMeasured) ? [`likelihoods by ${scorer}`] : []),
    ...(Object.values(embedding).some(isMeasured) ? [`embeddings by ${visibleLine(embeddingModel)}`] : []),
  ];
  const intervals = 'Intervals are 95 % bootstrap intervals over problems.';
  if (scored.length === 0) return `No model scored anything. ${intervals}`;
  const left = tooLong === 0 ? '' : ` ${count(tooLong)} scores were left out: too long for the scorer’s context.`;
  return `Models scored ${count(problems)} of ${count(last.problems)} problems, drawn by seed: ${scored.join(', ')}. ${intervals}${left}`;
}

function isMeasured({ kind }: { kind: Measured<Estimate>['kind'] }): boolean {
  return kind === 'measured';
}

function panel(measure: MeasureName, measured: Measures[], report: Report): Html | null {
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
  return smallChart(measurePanel({ id: measure, label, caption, lines, iterations: report.run.plan.iterations }));
}

function agreementAgainstAccuracy({ iterations }: Report): Html | null {
  const points = iterations.flatMap(({ iteration, evaluation }) => {
    const society = evaluation?.modes.find(({ mode }) => mode === 'society');
    const agreement = evaluation?.agreement;
    if (society === undefined || agreement === null || agreement === undefined) return [];
    return [{ iteration, agreement, accuracy: society.accuracy }];
  });
  const problems = iterations.find(({ evaluation }) => evaluation !== undefined)?.evaluation?.problems ?? 0;
  return points.length < 2 ? null : chartFigure(agreementAccuracyChart(points, problems));
}

function measureTable(measured: Measures[]): Html {
  return table({
    caption: 'The values of the panels. “Not measurable” is no 0: the reasons stand below the table.',
    columns: ['Iteration', 'Value', '95 % interval', 'n'],
    groups: shown
      .filter(({ of }) => measured.some((measures) => !isUnasked(of(measures))))
      .map(({ measure, part, of }) => {
        const { label, unit, direction } = measureCatalogue[measure];
        return {
          title: `${label}, ${part} (${unit}): ${direction}`,
          rows: measured.map((measures) => ({ header: measures.iteration, cells: cellsOf(of(measures)) })),
        };
      }),
  });
}

function cellsOf(estimate: Measured<Pick<Estimate, 'value' | 'interval' | 'n'>>): string[] {
  if (estimate.kind === 'not-measurable') return ['not measurable', '–', '–'];
  const { value, interval, n } = estimate;
  const shownInterval = interval === null ? '–' : `${interval.lower.toFixed(4)} to ${interval.upper.toFixed(4)}`;
  return [value.toFixed(4), shownInterval, count(n)];
}

function isUnasked(estimate: Measured<object>): boolean {
  return estimate.kind === 'not-measurable' && estimate.reason.startsWith('not asked for');
}

function reasons(measured: Measures[]): Html | null {
  const found = shown.flatMap(({ measure, part, of }) =>
    measured.flatMap((measures) => {
      const estimate = of(measures);
      if (estimate.kind === 'measured' || isUnasked(estimate)) return [];
      return [`${measureCatalogue[measure].label}, ${part}: ${estimate.reason}`];
    }),
  );
  if (found.length === 0) return null;
  const items = [...new Set(found)].map((reason) => html`<li>${visibleLine(reason)}</li>`);
  return html`<ul class="note">
    ${items}
  </ul>`;
}
