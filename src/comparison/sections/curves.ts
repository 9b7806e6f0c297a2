/** Accuracy over the iterations: a chart for each way of answering, the means, and the values of each seed. */
import { iterationsTo } from '../../domain/identifiers';
import { curvesChart } from '../../pages/charts/curves';
import { callsPerProblemText, capitalised, count, percent } from '../../pages/numbers';
import { chart, details, section, table, type Block, type Column, type Optional, type Section } from '../../pages/page';
import { visibleLine } from '../../visible-text';
import type { ComparisonReport } from '../build';
import { lastIteration, type ComparedCurves } from '../curves';
import { byTask } from './tasks';

/** Null if no method has more than one iteration. */
export function curvesSection({ curves, tasks }: ComparisonReport): Section | null {
  return section(
    'curves',
    'Accuracy over the iterations',
    byTask(tasks, (task, index) => taskBlocks(curves[task] ?? [], `curves-${index + 1}`)),
  );
}

function taskBlocks(ways: ComparedCurves[], id: string): Optional<Block>[] {
  const all = ways.flatMap(({ curves }) => curves);
  const points = all.flatMap((curve) => curve.points);
  const iterations = iterationsTo(lastIteration(all));
  const n = [...new Set(points.map((point) => point.n / point.seeds.length))].map(count).join(', ');
  const caption = `Accuracy after each iteration, mean over the seeds; n = ${n} per seed. Calls: per answer.`;
  return [
    ...ways.map((way, place) => chart(wayChart(way, `${id}-${place + 1}`))),
    table({
      caption,
      columns: [
        { head: 'After iteration', brief: 'after iteration', of: ({ label }) => label },
        { head: 'calls', of: ({ callsPerAnswer }) => callsPerProblemText(callsPerAnswer) },
        ...iterations.map(meanColumn),
      ],
      groups: ways.map(({ way, curves }) => ({ title: nameOf(way), rows: curves })),
    }),
    points.some(({ seeds }) => seeds.length > 1) && details('The values of each seed', [seedTable(ways, iterations)]),
  ];
}

function nameOf(way: string): string {
  return way === 'as it answers' ? 'Each method as it answers' : capitalised(way);
}

function wayChart({ way, curves }: ComparedCurves, id: string) {
  const name = nameOf(way);
  const labels = curves.map(({ label }) => visibleLine(label));
  return curvesChart({
    id,
    description: `${name}: accuracy after each iteration for ${labels.join(', ')}; the values are in the table below.`,
    caption: `${name}: mean over the seeds after each iteration, with 95 % Wilson intervals over their problems. Dashed lines carry the values before finetuning along.`,
    curves: curves.map(({ label, points }) => ({ label: visibleLine(label), points })),
    iterations: lastIteration(curves),
  });
}

type MethodCurve = ComparedCurves['curves'][number];

function meanColumn(iteration: number): Column<MethodCurve> {
  return {
    head: String(iteration),
    of: ({ points }) => percentOf(points.find((each) => each.iteration === iteration)),
  };
}

function percentOf(measured: { accuracy: number } | undefined): string | null {
  return measured === undefined ? null : percent(measured.accuracy);
}

function seedTable(ways: ComparedCurves[], iterations: number[]) {
  const seedColumn = (iteration: number): Column<{ seed: number; points: MethodCurve['points'] }> => ({
    head: String(iteration),
    of: ({ seed, points }) =>
      percentOf(points.find((each) => each.iteration === iteration)?.seeds.find((each) => each.seed === seed)),
  });
  return table({
    caption: 'Accuracy after each iteration with each seed.',
    columns: [{ head: 'After iteration', of: ({ seed }) => `seed ${seed}` }, ...iterations.map(seedColumn)],
    groups: ways.flatMap(({ way, curves }) =>
      curves.map(({ label, points }) => {
        const seeds = [...new Set(points.flatMap((point) => point.seeds.map(({ seed }) => seed)))];
        return { title: `${label}, ${way}`, rows: seeds.map((seed) => ({ seed, points })) };
      }),
    ),
  });
}
