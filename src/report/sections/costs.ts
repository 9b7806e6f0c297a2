/** Calls, tokens and seconds per stage. */
import { chartFigure, seriesColor } from '../chart-renderer';
import { stackedBars } from '../charts/stacked-bars';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import type { StageTiming } from '../../contract/run';
import { count, duration } from '../numbers';
import type { PageSection } from '../section';
import { table } from '../table';

export function costsSection({ timings }: Report): PageSection | null {
  if (timings.length === 0) return null;
  return {
    id: 'costs',
    title: 'Calls, tokens and time',
    content: [
      html`<p>Seconds are wall-clock time of a stage, waiting included.</p>`,
      chartFigure(secondsChart(timings)),
      costTable(timings),
    ],
  };
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

function costTable(timings: StageTiming[]): Html {
  const iterations = [...new Set(timings.map(({ iteration }) => iteration))];
  const groups = iterations.map((iteration) => ({
    title: `Iteration ${iteration}`,
    rows: timings
      .filter((timing) => timing.iteration === iteration)
      .map((timing) => ({ header: timing.stage as string, cells: costCells(timing) })),
  }));
  const total = { header: 'All stages', emphasised: true, cells: costCells(totalOf(timings)) };
  return table({
    caption: 'What each stage took; n is the number of model calls.',
    columns: ['Stage', 'Time', 'n (calls)', 'Prompt tokens', 'Completion tokens', 'Completion tokens per second'],
    groups: [...groups, { title: 'Whole run so far', rows: [total] }],
  });
}

function costCells({ seconds, counts }: Pick<StageTiming, 'seconds' | 'counts'>): string[] {
  const { calls, promptTokens, completionTokens } = counts;
  const rate = completionTokens === 0 || seconds === 0 ? '–' : count(Math.round(completionTokens / seconds));
  return [duration(seconds), count(calls), count(promptTokens), count(completionTokens), rate];
}

function totalOf(timings: StageTiming[]): Pick<StageTiming, 'seconds' | 'counts'> {
  const sum = (of: (timing: StageTiming) => number) => timings.reduce((total, timing) => total + of(timing), 0);
  return {
    seconds: sum(({ seconds }) => seconds),
    counts: {
      calls: sum(({ counts }) => counts.calls),
      promptTokens: sum(({ counts }) => counts.promptTokens),
      completionTokens: sum(({ counts }) => counts.completionTokens),
    },
  };
}
