/** Inline SVG, drawn by echarts on the server: no DOM, and no script in the page. */
import * as echarts from 'echarts';
import type { EChartsOption } from 'echarts';
import { cssColor } from './colors';
import { trustedMarkup } from './html';
import type { Html } from './html';

/** `prefix` is unique on the page: the ids inside the drawing begin with it. Sizes in pixels. */
export function renderSvg(input: { option: EChartsOption; width: number; height: number; prefix: string }): Html {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: input.width, height: input.height });
  try {
    chart.setOption({ animation: false, backgroundColor: 'transparent', ...input.option });
    return trustedMarkup(adapted(chart.renderToSVGString({ useViewBox: true }), input));
  } finally {
    chart.dispose();
  }
}

/**
 * Removes what only a script or a mouse would use, and derives ids from the chart alone: echarts numbers them per
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
