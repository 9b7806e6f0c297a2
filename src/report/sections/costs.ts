/** Calls, tokens, seconds and, if the endpoint has prices, money per stage. */
import type { CallCounts, StageTiming } from '../../contract/run';
import { addCounts, noCounts, subtractCounts } from '../../domain/counts';
import { stackedBars } from '../../pages/charts/stacked-bars';
import { seriesColor } from '../../pages/colors';
import { count, duration } from '../../pages/numbers';
import { chart, prose, section, table, type Column, type Section } from '../../pages/page';
import type { Report } from '../build-report';
import { completionTokensText, moneyText, probingCosts, promptTokensText } from '../known-costs';
import type { AdoptedCalls } from '../report-input';

export function costsSection({ timings: taken, adopted, prices, iterations: measured }: Report): Section | null {
  if (taken.length === 0) return null;
  const timings = taken.map((timing) => withAsked(timing, adopted));
  const title = prices === null ? 'Calls, tokens and time' : 'Calls, tokens, time and money';
  return section('costs', title, [
    prose(`Seconds are wall-clock time of a stage, waiting included. ${priceSentence(prices)}`),
    chart(secondsChart(timings)),
    costTable(withProbing(timings, probingRows(measured)), { prices, hasAdopted: adopted.length > 0 }),
  ]);
}

function priceSentence(prices: Report['prices']): string {
  if (prices === null) return 'The endpoint has no prices in config.yaml, so nothing is said of money.';
  const { promptPerMillion, completionPerMillion, currency } = prices;
  return `Money: what the calls cost at ${promptPerMillion} ${currency} per million prompt tokens and ${completionPerMillion} ${currency} per million completion tokens, the prices in config.yaml when this page was made; scores and embeddings and the machines that train are not in it.`;
}

function secondsChart(timings: AskedTiming[]) {
  const iterations = iterationsIn(timings);
  const stages = [...new Set(timings.map(({ stage }) => stage))];
  const seconds = (stage: string, iteration: number) =>
    allOf(timings.filter((timing) => timing.stage === stage && timing.iteration === iteration)).seconds ?? 0;
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

interface CostRow {
  stage: string;
  /** Null for a part of another stage's time. */
  seconds: number | null;
  counts: CallCounts;
  /** What this run asked itself: all but the calls it adopted. */
  asked: CallCounts;
}

type AskedTiming = CostRow & StageTiming;

type TimedRow = CostRow & Pick<StageTiming, 'iteration'>;

function withAsked(timing: StageTiming, adopted: AdoptedCalls[]): AskedTiming {
  const { stage, iteration, counts } = timing;
  const same = adopted.filter((each) => each.stage === stage && each.iteration === iteration);
  return { ...timing, asked: subtractCounts(counts, addCounts(noCounts, ...same.map((each) => each.counts))) };
}

/** Calls that a stage does not count: the critics' revisions of other responses. */
function probingRows(iterations: Report['iterations']): TimedRow[] {
  return probingCosts(iterations).map(({ iteration, counts, reused }) => ({
    stage: 'evaluate: do critics read',
    ...{ iteration, seconds: null, counts, asked: subtractCounts(counts, reused) },
  }));
}

/** Each below the evaluation it belongs to. */
function withProbing(timings: readonly TimedRow[], probing: readonly TimedRow[]): TimedRow[] {
  const rows = timings.flatMap((timing) => {
    const own = timing.stage === 'evaluate' ? probing.filter(({ iteration }) => iteration === timing.iteration) : [];
    return [timing, ...own];
  });
  return [...rows, ...probing.filter((row) => !rows.includes(row))];
}

function costTable(timings: TimedRow[], { prices, hasAdopted }: { prices: Report['prices']; hasAdopted: boolean }) {
  const columns: Column<CostRow>[] = [
    { head: 'Stage', of: ({ stage }) => stage },
    { head: 'Time', of: ({ seconds }) => (seconds === null ? null : duration(seconds)) },
    { head: 'n (calls)', of: ({ counts }) => count(counts.calls) },
    ...(hasAdopted ? [{ head: 'Asked', of: ({ asked }: CostRow) => count(asked.calls) }] : []),
    { head: 'Prompt tokens', of: ({ counts }) => promptTokensText(counts) },
    { head: 'Completion tokens', of: ({ counts }) => completionTokensText(counts) },
    { head: 'Completion tokens per second', of: rateOf },
    ...(prices === null ? [] : [{ head: 'Money', of: ({ asked }: CostRow) => moneyText(asked, prices) }]),
  ];
  const iterations = iterationsIn(timings).map((iteration) => ({
    title: `Iteration ${iteration}`,
    rows: timings.filter((timing) => timing.iteration === iteration),
  }));
  return table<CostRow>({
    caption: `What each stage took; n is the number of model calls.${hasAdopted ? ' Asked: without those that were adopted from a run that had asked the same; speed and money are of those asked.' : ''}`,
    columns,
    groups: [...iterations, { title: 'Whole run so far', totals: [allOf(timings)] }],
  });
}

function rateOf({ seconds, asked: { completionTokens, withoutCompletionTokens = 0 } }: CostRow): string | null {
  const isRated = completionTokens > 0 && seconds !== null && seconds > 0 && withoutCompletionTokens === 0;
  return isRated ? count(Math.round(completionTokens / seconds)) : null;
}

function iterationsIn(timings: TimedRow[]): number[] {
  return [...new Set(timings.map(({ iteration }) => iteration))];
}

function allOf(timings: TimedRow[]): CostRow {
  return {
    stage: 'All stages',
    seconds: timings.reduce((total, { seconds }) => total + (seconds ?? 0), 0),
    counts: addCounts(noCounts, ...timings.map(({ counts }) => counts)),
    asked: addCounts(noCounts, ...timings.map(({ asked }) => asked)),
  };
}
