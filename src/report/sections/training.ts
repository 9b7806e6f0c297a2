/** The finetuning of each agent: its loss curve, what it took, and which agents kept their weights. */
import type { WeightsRecord } from '../../contract/training-job';
import { seriesColor } from '../../pages/colors';
import { bytes, count, duration } from '../../pages/numbers';
import { code, grid, prose, section, table, type Cell, type Column, type Section } from '../../pages/page';
import type { Report } from '../build-report';
import { lossChart, lossScale } from '../charts/loss';

/** More curves than this in one small chart cannot be told apart. */
const mostCurves = 6;

export function trainingSection({ iterations }: Report): Section | null {
  const records = iterations.flatMap(({ weights }) => weights);
  if (records.length === 0) return null;
  return section('training', 'Training', [...lossGrid(records), trainingTable(records)]);
}

function lossGrid(records: WeightsRecord[]) {
  const trained = records.filter(({ training }) => training !== undefined);
  const all = iterationsIn(trained);
  const shown = new Set(evenly(all, mostCurves));
  const curves = trained.filter(({ iteration }) => shown.has(iteration));
  const scale = lossScale(curves);
  const agents = [...new Set(curves.map(({ agent }) => agent))];
  const colors = new Map([...shown].map((iteration, index) => [iteration, seriesColor(index)]));
  const legend = [...colors].map(([iteration, color]) => ({ label: `iteration ${iteration}`, color }));
  const left = all.length > shown.size ? ` Shown are ${shown.size} of ${all.length} iterations.` : '';
  return [
    trained.length > 0 &&
      prose(
        `Training loss over optimizer steps, one small chart per agent, all on one scale; n is the number of examples per iteration.${left}`,
      ),
    grid(
      legend,
      agents.map((agent) =>
        lossChart({ agent, scale, colors, records: curves.filter((record) => record.agent === agent) }),
      ),
    ),
  ];
}

/** At most `most` values, evenly spaced, the first and the last among them. */
function evenly(values: number[], most: number): number[] {
  if (values.length <= most) return values;
  const picked = Array.from(
    { length: most },
    (_, index) => values[Math.round((index * (values.length - 1)) / (most - 1))] ?? 0,
  );
  return [...new Set(picked)];
}

type Training = NonNullable<WeightsRecord['training']>;

/** A column whose values come from trained agents only. */
const trained = (head: string, of: (training: Training) => Cell, holds?: 'words'): Column<WeightsRecord> => ({
  head,
  holds,
  of: ({ training }) => (training === undefined ? null : of(training)),
});
const lossText = (point: { loss: number } | undefined) => point?.loss.toFixed(4) ?? null;

const columns: Column<WeightsRecord>[] = [
  { head: 'Agent', of: ({ agent }) => agent },
  {
    head: 'Outcome',
    holds: 'words',
    of: ({ outcome }) => (outcome === 'empty-training-set' ? 'kept its weights: empty training set' : outcome),
  },
  { head: 'n', of: ({ training }) => count(training?.examples ?? 0) },
  trained('Steps', ({ steps }) => count(steps)),
  trained('Tokens', ({ tokens }) => count(tokens)),
  trained('First loss', ({ lossCurve }) => lossText(lossCurve[0])),
  trained('Last loss', ({ lossCurve }) => lossText(lossCurve.at(-1))),
  trained('Time', ({ seconds }) => duration(seconds)),
  trained('Device', ({ device, precision }) => `${device}, ${precision}`, 'words'),
  trained('Peak GPU memory', ({ peakGpuMemoryBytes: peak }) => (peak === null ? 'no GPU' : bytes(peak))),
  trained('Weights (SHA-256)', ({ digest }) => code(digest.slice(0, 12)), 'words'),
];

function trainingTable(records: WeightsRecord[]) {
  return table({
    caption: 'Finetuning of each agent; n is the number of examples, tokens are completion tokens over all epochs.',
    columns,
    groups: iterationsIn(records).map((iteration) => ({
      title: `Iteration ${iteration}`,
      rows: records.filter((record) => record.iteration === iteration),
    })),
  });
}

function iterationsIn(records: WeightsRecord[]): number[] {
  return [...new Set(records.map(({ iteration }) => iteration))];
}
