/** The finetuning of each agent: its loss curve, what it took, and which agents kept their weights. */
import type { WeightsRecord } from '../../contract/training-job';
import { legendList, smallChart } from '../chart-renderer';
import { seriesColor } from '../colors';
import { lossChart, lossScale } from '../charts/loss';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { bytes, count, duration } from '../numbers';
import type { PageSection } from '../section';
import { table } from '../table';

/** More curves than this in one small chart cannot be told apart. */
const mostCurves = 6;

export function trainingSection({ iterations }: Report): PageSection | null {
  const records = iterations.flatMap(({ weights }) => weights);
  if (records.length === 0) return null;
  return { id: 'training', title: 'Training', content: [lossGrid(records), trainingTable(records)] };
}

function lossGrid(records: WeightsRecord[]): Html | null {
  const trained = records.filter(({ training }) => training !== undefined);
  if (trained.length === 0) return null;
  const all = [...new Set(trained.map(({ iteration }) => iteration))];
  const shown = new Set(evenly(all, mostCurves));
  const curves = trained.filter(({ iteration }) => shown.has(iteration));
  const scale = lossScale(curves);
  const agents = [...new Set(curves.map(({ agent }) => agent))];
  const colors = new Map([...shown].map((iteration, index) => [iteration, seriesColor(index)]));
  const legend = [...colors].map(([iteration, color]) => ({ label: `iteration ${iteration}`, color }));
  const charts = agents.map((agent) =>
    smallChart(lossChart({ agent, scale, colors, records: curves.filter((record) => record.agent === agent) })),
  );
  return html`<p>
      Training loss over optimizer steps, one small chart per agent, all on one scale; n is the number of examples per
      iteration.${all.length > shown.size && ` Shown are ${shown.size} of ${all.length} iterations.`}
    </p>
    ${legendList(legend)}
    <div class="grid">${charts}</div>`;
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

function trainingTable(records: WeightsRecord[]): Html {
  const iterations = [...new Set(records.map(({ iteration }) => iteration))];
  return table({
    caption: 'Finetuning of each agent; n is the number of examples, tokens are completion tokens over all epochs.',
    columns: [
      'Agent',
      'Outcome',
      'n',
      'Steps',
      'Tokens',
      'First loss',
      'Last loss',
      'Time',
      'Device',
      'Peak GPU memory',
      'Weights (SHA-256)',
    ],
    wordColumns: [1, 8, 10],
    groups: iterations.map((iteration) => ({
      title: `Iteration ${iteration}`,
      rows: records.filter((record) => record.iteration === iteration).map(trainingCells),
    })),
  });
}

function trainingCells({ agent, outcome, training }: WeightsRecord) {
  if (training === undefined) {
    const reason = outcome === 'empty-training-set' ? 'kept its weights: empty training set' : outcome;
    return { header: agent, cells: [reason, '0', ...Array<string>(8).fill('–')] };
  }
  const { examples, steps, tokens, seconds, device, precision, peakGpuMemoryBytes, lossCurve, digest } = training;
  const loss = (point: { loss: number } | undefined) => (point === undefined ? '–' : point.loss.toFixed(4));
  return {
    header: agent,
    cells: [
      outcome,
      count(examples),
      count(steps),
      count(tokens),
      loss(lossCurve[0]),
      loss(lossCurve.at(-1)),
      duration(seconds),
      `${device}, ${precision}`,
      peakGpuMemoryBytes === null ? 'no GPU' : bytes(peakGpuMemoryBytes),
      html`<code>${digest.slice(0, 12)}</code>`,
    ],
  };
}
