/** The page's curves: accuracy over the iterations, a chart and a table for each way of answering. */
import { iterationsTo } from '../domain/identifiers';
import { chartFigure } from '../report/chart-renderer';
import { curvesChart } from '../report/charts/accuracy';
import { html, type Html } from '../report/html';
import { callsPerProblemText, capitalised, count, percent } from '../report/numbers';
import type { PageSection } from '../report/section';
import { table } from '../report/table';
import { visibleLine } from '../visible-text';
import type { ComparisonReport } from './build';
import { lastIteration, type ComparedCurves } from './curves';

/** Null where no method has more than one iteration. */
export function curvesSection({ curves, tasks }: ComparisonReport): PageSection | null {
  const content = tasks.flatMap((task, index) => {
    const ways = curves[task] ?? [];
    const title = tasks.length === 1 || ways.length === 0 ? [] : [html`<h3>${visibleLine(task)}</h3>`];
    return [...title, ...ways.flatMap((way, place) => wayFigures(way, `curves-${index + 1}-${place + 1}`))];
  });
  return content.length === 0 ? null : { id: 'curves', title: 'Accuracy over the iterations', content };
}

function wayFigures({ way, curves }: ComparedCurves, id: string): Html[] {
  const name = way === 'as it answers' ? 'Each method as it answers' : capitalised(way);
  const iterations = lastIteration(curves);
  const labels = curves.map(({ label }) => visibleLine(label));
  const chart = curvesChart({
    id,
    description: `${name}: accuracy after each iteration for ${labels.join(', ')}; the values are in the table below.`,
    caption: `${name}: mean over the seeds after each iteration, with 95 % Wilson intervals over their problems. Dashed lines carry the values before finetuning along.`,
    curves: curves.map(({ label, points }) => ({ label: visibleLine(label), points })),
    iterations,
  });
  const values = html`<details>
    <summary>${name}: the values of each seed</summary>
    ${wayTable({ way: name, curves }, iterations)}
  </details>`;
  return [chartFigure(chart), values];
}

function wayTable({ way, curves }: ComparedCurves, iterations: number): Html {
  const groups = curves.map(({ label, callsPerAnswer, points }) => {
    const seeds = [...new Set(points.flatMap((point) => point.seeds.map(({ seed }) => seed)))];
    const cells = (valueAt: (point: (typeof points)[number]) => number | undefined) =>
      iterationsTo(iterations).map((iteration) => {
        const point = points.find((each) => each.iteration === iteration);
        const value = point && valueAt(point);
        return value === undefined ? '–' : percent(value);
      });
    const seedRows = seeds.map((seed) => ({
      header: `seed ${seed}`,
      cells: cells((point) => point.seeds.find((each) => each.seed === seed)?.accuracy),
    }));
    const meanRow = { header: 'mean', emphasised: true, cells: cells(({ accuracy }) => accuracy) };
    return {
      title: `${visibleLine(label)}, calls per answer: ${callsPerProblemText(callsPerAnswer)}`,
      rows: seeds.length === 1 ? seedRows : [...seedRows, meanRow],
    };
  });
  const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ n, seeds }) => n / seeds.length)))];
  const columns = ['After iteration', ...iterationsTo(iterations).map(String)];
  return table({ caption: `${way}. n = ${sizes.map(count).join(', ')} per seed.`, columns, groups });
}
