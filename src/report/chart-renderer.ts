/**
 * Charts as inline SVG, drawn by echarts on the server: no DOM, and no script in the page. Colours are names of the style
 * sheet, so that one drawing serves the light and the dark page.
 */
import * as echarts from 'echarts';
import type { EChartsOption } from 'echarts';
import { html, trustedMarkup } from './html';
import type { Html, HtmlValue } from './html';
import { visibleLine } from './plain-text';

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

/**
 * echarts wants colours it can parse, the page wants `var(--name)`: each name stands for a colour nobody else uses, and
 * is put in after drawing.
 */
const colorNames = [
  ...['text', 'muted', 'line', 'surface'],
  ...Array.from({ length: 6 }, (_, index) => `series-${index + 1}`),
  ...['set-1', 'set-2', 'set-3', 'set-4', 'set-5', 'set-6'],
  ...Array.from({ length: 9 }, (_, index) => `reject-${index + 1}`),
];

/** A colour of the style sheet, to be used in a chart option. */
export function color(name: string): string {
  const index = colorNames.indexOf(name);
  if (index < 0) throw new RangeError(`The style sheet has no colour named ${name}.`);
  return `#fe${(0xab00 + index).toString(16)}`;
}

export function seriesColor(index: number): string {
  return color(`series-${(index % 6) + 1}`);
}

/** A chart with its legend and caption; CSS shows the drawing that fits the screen. */
export function chartFigure(chart: Chart): Html {
  return html`<figure class="chart">
    ${legendList(chart.legend)}
    ${(['wide', 'narrow'] as const).map((name) => drawing(chart, { name, width: widths[name] }))}
    <figcaption>${chart.caption}</figcaption>
  </figure>`;
}

/** A small chart of one fixed width, for grids of many. */
export function smallChart(chart: Chart & { width: number }): Html {
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

/** Axis lines, labels and grid lines in the page's colours. */
export const axisStyle = {
  axisLine: { show: true, lineStyle: { color: color('line') } },
  axisTick: { show: false },
  axisLabel: { color: color('muted'), fontSize: 12 },
  nameTextStyle: { color: color('muted'), fontSize: 12 },
  splitLine: { lineStyle: { color: color('line'), opacity: 0.6 } },
};

function drawing(chart: Chart, { name, width }: { name: string; width: number }): Html {
  const svg = renderSvg({
    option: chart.option({ width }),
    width,
    height: chart.height,
    prefix: `${chart.id}-${name}`,
  });
  return html`<div class="drawing ${name}" role="img" aria-label="${visibleLine(chart.description)}">${svg}</div>`;
}

function renderSvg(input: { option: EChartsOption; width: number; height: number; prefix: string }): Html {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: input.width, height: input.height });
  try {
    chart.setOption({ animation: false, backgroundColor: 'transparent', ...input.option });
    return trustedMarkup(adapted(chart.renderToSVGString({ useViewBox: true }), input));
  } finally {
    chart.dispose();
  }
}

/**
 * Removes what only a script or a mouse would use, and makes the ids depend on the chart alone: echarts numbers them per
 * process, which would clash on one page and differ between two renderings of the same report.
 */
function adapted(svg: string, { prefix, width }: { prefix: string; width: number }): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="[^"]*")/g, '')
    .replace(/\bzr\d+-/g, `${prefix}-`)
    .replace(/#feab([0-9a-f]{2})/g, (_, hex: string) => cssColor(`#feab${hex}`))
    .replace(/font-family:[^;"]*;?/g, '')
    .replace(/^<svg width="\d+" height="\d+"/, `<svg aria-hidden="true" focusable="false" style="max-width:${width}px"`)
    .replace(/\n+/g, '\n')
    .trim();
}

function cssColor(placeholder: string): string {
  return `var(--${colorNames[Number.parseInt(placeholder.slice(5), 16)] ?? 'text'})`;
}
