/** Calls, tokens, seconds and, where the endpoint has prices, money per stage. */
import { chartFigure } from '../chart-renderer';
import { seriesColor } from '../colors';
import { stackedBars } from '../charts/stacked-bars';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import type { StageTiming } from '../../contract/run';
import { addCounts, noCounts } from '../../domain/counts';
import { priceOf } from '../../domain/money';
import { count, duration, money } from '../numbers';
import { visibleLine } from '../plain-text';
import type { PageSection } from '../section';
import { table } from '../table';

export function costsSection({ timings, prices }: Report): PageSection | null {
  if (timings.length === 0) return null;
  return {
    id: 'costs',
    title: prices === null ? 'Calls, tokens and time' : 'Calls, tokens, time and money',
    content: [
      html`<p>Seconds are wall-clock time of a stage, waiting included. ${visibleLine(priceSentence(prices))}</p>`,
      chartFigure(secondsChart(timings)),
      costTable(timings, prices),
    ],
  };
}

function priceSentence(prices: Report['prices']): string {
  if (prices === null) return 'The endpoint has no prices in config.yaml, so nothing is said of money.';
  const { promptPerMillion, completionPerMillion, currency } = prices;
  return `Money: what the calls cost at ${promptPerMillion} ${currency} per million prompt tokens and ${completionPerMillion} ${currency} per million completion tokens, the prices in config.yaml when this page was made; calls of measures and the machines that train are not in it.`;
}

function secondsChart(timings: StageTiming[]) {
  const iterations = [...new Set(timings.map(({ iteration }) => iteration))];
  const stages = [...new Set(timings.map(({ stage }) => stage))];
  const seconds = (stage: string, iteration: number) =>
    totalOf(timings.filter((timing) => timing.stage === stage && timing.iteration === iteration)).seconds;
  return stackedBars({
    id: 'seconds',
    description: 'Seconds per stage of every iteration; the values are in the table below.',
    caption: 'Wall-clock seconds per iteration, by stage.',
    bars: iterations.map((iteration) => `iteration ${iteration}`),
    unit: 'seconds',
    parts: stages.map((stage, index) => ({
      label: stage,
      color: seriesColor(index),
      values: iterations.map((iteration) => seconds(stage, iteration)),
    })),
  });
}

function costTable(timings: StageTiming[], prices: Report['prices']): Html {
  const iterations = [...new Set(timings.map(({ iteration }) => iteration))];
  const groups = iterations.map((iteration) => ({
    title: `Iteration ${iteration}`,
    rows: timings
      .filter((timing) => timing.iteration === iteration)
      .map((timing) => ({ header: timing.stage as string, cells: costCells(timing, prices) })),
  }));
  const total = { header: 'All stages', emphasised: true, cells: costCells(totalOf(timings), prices) };
  return table({
    caption: 'What each stage took; n is the number of model calls.',
    columns: [
      'Stage',
      'Time',
      'n (calls)',
      'Prompt tokens',
      'Completion tokens',
      'Completion tokens per second',
      ...(prices === null ? [] : ['Money']),
    ],
    groups: [...groups, { title: 'Whole run so far', rows: [total] }],
  });
}

type Total = Pick<StageTiming, 'seconds' | 'counts'>;

function costCells({ seconds, counts }: Total, prices: Report['prices']): string[] {
  const { calls, promptTokens, completionTokens } = counts;
  const rate = completionTokens === 0 || seconds === 0 ? '–' : count(Math.round(completionTokens / seconds));
  const spent = prices === null ? [] : [money(priceOf(counts, prices), prices.currency)];
  return [duration(seconds), count(calls), count(promptTokens), count(completionTokens), rate, ...spent];
}

function totalOf(timings: StageTiming[]): Total {
  return {
    seconds: timings.reduce((total, { seconds }) => total + seconds, 0),
    counts: addCounts(noCounts, ...timings.map(({ counts }) => counts)),
  };
}
