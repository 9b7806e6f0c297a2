/** Calls, tokens, seconds and, where the endpoint has prices, money per stage. */
import { chartFigure } from '../chart-renderer';
import { seriesColor } from '../colors';
import { stackedBars } from '../charts/stacked-bars';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import type { CallCounts, StageTiming } from '../../contract/run';
import { addCounts, noCounts, subtractCounts } from '../../domain/counts';
import type { AdoptedCalls } from '../report-input';
import { completionTokensText, moneyText, promptTokensText } from '../known-tokens';
import { count, duration } from '../numbers';
import { visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table } from '../table';

export function costsSection({ timings: taken, adopted, prices }: Report): PageSection | null {
  if (taken.length === 0) return null;
  const timings = taken.map((timing) => withAsked(timing, adopted));
  return {
    id: 'costs',
    title: prices === null ? 'Calls, tokens and time' : 'Calls, tokens, time and money',
    content: [
      html`<p>Seconds are wall-clock time of a stage, waiting included. ${visibleLine(priceSentence(prices))}</p>`,
      chartFigure(secondsChart(timings)),
      costTable(timings, { prices, hasAdopted: adopted.length > 0 }),
    ],
  };
}

function priceSentence(prices: Report['prices']): string {
  if (prices === null) return 'The endpoint has no prices in config.yaml, so nothing is said of money.';
  const { promptPerMillion, completionPerMillion, currency } = prices;
  return `Money: what the calls cost at ${promptPerMillion} ${currency} per million prompt tokens and ${completionPerMillion} ${currency} per million completion tokens, the prices in config.yaml when this page was made; calls of measures and the machines that train are not in it.`;
}

function secondsChart(timings: AskedTiming[]) {
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

interface AskedTiming extends StageTiming {
  /** What this run asked itself: all but the calls it adopted. */
  asked: CallCounts;
}

function withAsked(timing: StageTiming, adopted: AdoptedCalls[]): AskedTiming {
  const { stage, iteration, counts } = timing;
  const same = adopted.filter((each) => each.stage === stage && each.iteration === iteration);
  return { ...timing, asked: subtractCounts(counts, addCounts(noCounts, ...same.map((each) => each.counts))) };
}

interface CostOptions {
  prices: Report['prices'];
  hasAdopted: boolean;
}

function costTable(timings: AskedTiming[], options: CostOptions): Html {
  const { prices, hasAdopted } = options;
  const iterations = [...new Set(timings.map(({ iteration }) => iteration))];
  const groups = iterations.map((iteration) => ({
    title: `Iteration ${iteration}`,
    rows: timings
      .filter((timing) => timing.iteration === iteration)
      .map((timing) => ({ header: timing.stage as string, cells: costCells(timing, options) })),
  }));
  const total = { header: 'All stages', emphasised: true, cells: costCells(totalOf(timings), options) };
  return table({
    caption: `What each stage took; n is the number of model calls.${hasAdopted ? ' Asked: without those that were adopted from a run that had asked the same; speed and money are of those asked.' : ''}`,
    columns: [
      'Stage',
      'Time',
      'n (calls)',
      ...(hasAdopted ? ['Asked'] : []),
      'Prompt tokens',
      'Completion tokens',
      'Completion tokens per second',
      ...(prices === null ? [] : ['Money']),
    ],
    groups: [...groups, { title: 'Whole run so far', rows: [total] }],
  });
}

type Total = Pick<AskedTiming, 'seconds' | 'counts' | 'asked'>;

function costCells({ seconds, counts, asked }: Total, { prices, hasAdopted }: CostOptions): string[] {
  const { completionTokens: written, withoutCompletionTokens = 0 } = asked;
  const isRated = written > 0 && seconds > 0 && withoutCompletionTokens === 0;
  const rate = isRated ? count(Math.round(written / seconds)) : '–';
  const spent = prices === null ? [] : [moneyText(asked, prices)];
  const own = hasAdopted ? [count(asked.calls)] : [];
  const tokens = [promptTokensText(counts), completionTokensText(counts)];
  return [duration(seconds), count(counts.calls), ...own, ...tokens, rate, ...spent];
}

function totalOf(timings: AskedTiming[]): Total {
  return {
    seconds: timings.reduce((total, { seconds }) => total + seconds, 0),
    counts: addCounts(noCounts, ...timings.map(({ counts }) => counts)),
    asked: addCounts(noCounts, ...timings.map(({ asked }) => asked)),
  };
}
