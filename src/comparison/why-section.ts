/** The page's answer to why: members, debate and diversity behind the accuracies, and their course over the iterations. */
import { measurePanel, type MeasureLine } from '../report/charts/measure-panel';
import { legendList, smallChart } from '../report/chart-renderer';
import { seriesColor } from '../report/colors';
import { html, type Html } from '../report/html';
import { visibleLine } from '../visible-text';
import type { PageSection } from '../report/section';
import { table } from '../report/table';
import { measureCatalogue } from '../domain/measures';
import type { ComparisonReport } from './build';
import type { ExplainedValues, Explanation } from './explanations';
import { debateColumns, diversityColumns, filledColumns, whyCells, whyNote } from './why-table';

interface Panel {
  name: keyof ExplainedValues;
  label: string;
  unit: string;
  direction: string;
  format?: (value: number) => string;
}

const asPercent = (value: number) => `${Math.round(100 * value)} %`;

const panels: readonly Panel[] = [
  { name: 'accuracy', label: 'Accuracy', unit: 'share', direction: 'of the society’s own answers', format: asPercent },
  { ...measureCatalogue.agreement, name: 'agreement', format: asPercent },
  { ...measureCatalogue.embedding, name: 'dissimilarity' },
  { ...measureCatalogue.heldOutLikelihood, name: 'heldOutLikelihood' },
  { ...measureCatalogue.klBetweenAgents, name: 'klBetweenAgents' },
  { ...measureCatalogue.klFromBase, name: 'klFromBase' },
];

/** Null where no method answers as a society, or none is finished. */
export function whySection({ explanations, tasks }: ComparisonReport): PageSection | null {
  const parts = tasks.flatMap((task, index) => {
    const found = explanations[task] ?? [];
    const title = tasks.length === 1 ? null : html`<h3>${visibleLine(task)}</h3>`;
    return found.length === 0 ? [] : [title, course(found, index), ...tables(found)];
  });
  if (parts.length === 0) return null;
  const reading = html`<p>
    A society gains where its last answers are right more often than its first ones (critics mend more than they spoil)
    and where its members fail on different problems. Agreement that rises without accuracy means members who have
    become more alike, not better. Nothing here is read by selection.
  </p>`;
  return { id: 'why', title: 'Why: members, debate and diversity', content: [reading, ...parts] };
}

function tables(explanations: Explanation[]): Html[] {
  const wanted = [
    { opening: 'In percent', columns: filledColumns(explanations, debateColumns) },
    { opening: 'Of the last round', columns: filledColumns(explanations, diversityColumns) },
  ];
  return wanted
    .filter(({ columns }) => columns.length > 0)
    .map(({ opening, columns }) =>
      table({
        caption: whyNote(columns, opening),
        columns: ['Method', ...columns.map(({ head }) => head)],
        groups: [
          {
            rows: explanations.map((each) => ({ header: visibleLine(each.label), cells: whyCells(each, columns) })),
          },
        ],
      }),
    );
}

/** A grid of small charts, one line per method; nothing where no method has more than one iteration. */
function course(explanations: Explanation[], taskIndex: number): Html | null {
  const last = Math.max(...explanations.map(({ iterations }) => iterations.length - 1));
  if (last < 2) return null;
  const charts = panels.flatMap(({ name, label, unit, direction, format }) => {
    const lines = explanations.map((each, index) => lineOf(each, { name, index }));
    if (lines.every(({ points }) => points.length === 0)) return [];
    const caption = html`<strong>${label}</strong>, ${unit}, by iteration: ${direction}`;
    return [
      smallChart(measurePanel({ id: `${name}-${taskIndex + 1}`, label, caption, lines, iterations: last, format })),
    ];
  });
  const legend = explanations.map(({ label }, index) => ({ label, color: seriesColor(index) }));
  return html`${legendList(legend)}
    <div class="grid">${charts}</div>
    <p class="note">
      Means over the seeds whose runs came as far. Methods that train nobody are a point at iteration 0.
    </p>`;
}

function lineOf({ iterations }: Explanation, line: { name: keyof ExplainedValues; index: number }): MeasureLine {
  const points = iterations.flatMap(({ iteration, values }) => {
    const value = values[line.name];
    return value === null ? [] : [{ iteration, estimate: { value, interval: null } }];
  });
  return { colorIndex: line.index, points };
}
