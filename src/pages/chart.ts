/** Charts as figures of the page: legend, drawing and caption. */
import type { EChartsOption } from 'echarts';
import { cssColor } from './colors';
import { html } from './html';
import type { Html, HtmlValue } from './html';
import { visibleLine } from '../visible-text';
import { renderSvg } from './svg';

export interface LegendEntry {
  label: string;
  color: string;
  dashed?: boolean;
}

export interface Chart {
  /** Unique on the page; prefixes the ids inside the SVG. */
  id: string;
  /** What the chart shows, for those who do not see it: the numbers themselves stand in a table. */
  description: string;
  caption: HtmlValue;
  legend: LegendEntry[];
  height: number;
  option: (size: { width: number }) => EChartsOption;
}

/** Drawn at two widths, because text in a scaled-down drawing becomes too small to read on a phone. */
const widths = { wide: 760, narrow: 340 } as const;

/** A chart with its legend and caption; CSS shows the drawing that fits the screen. */
export function chartFigure(chart: Chart): Html {
  return html`<figure class="chart">
    ${legendList(chart.legend)}
    ${(['wide', 'narrow'] as const).map((name) => drawing(chart, { name, width: widths[name] }))}
    <figcaption>${chart.caption}</figcaption>
  </figure>`;
}

/** Of one fixed width, for grids of many. */
export type SmallChart = Chart & { width: number };

export function smallFigure(chart: SmallChart): Html {
  return html`<figure class="chart small">
    ${drawing(chart, { name: 'small', width: chart.width })}
    <figcaption>${chart.caption}</figcaption>
  </figure>`;
}

export function legendList(entries: LegendEntry[]): Html | null {
  if (entries.length === 0) return null;
  const items = entries.map(({ label, color: entryColor, dashed }) => {
    const swatch = `border-top-color: ${cssColor(entryColor)}; border-top-style: ${dashed ? 'dashed' : 'solid'}`;
    return html`<li><span class="swatch" style="${swatch}"></span>${visibleLine(label)}</li>`;
  });
  return html`<ul class="legend">
    ${items}
  </ul>`;
}

function drawing(chart: Chart, { name, width }: { name: string; width: number }): Html {
  const svg = renderSvg({
    option: chart.option({ width }),
    width,
    height: chart.height,
    prefix: `${chart.id}-${name}`,
  });
  return html`<div class="drawing ${name}" role="img" aria-label="${visibleLine(chart.description)}">${svg}</div>`;
}
