/** Vertical interval marks of points, as a custom series: rows are [x, lower, upper]. */
import type { CustomSeriesRenderItem } from 'echarts';

export function whisker(stroke: string): CustomSeriesRenderItem {
  return (_, api) => {
    const [x = 0, bottom = 0] = api.coord([api.value(0), api.value(1)]);
    const [, top = 0] = api.coord([api.value(0), api.value(2)]);
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style: { stroke, lineWidth: 1 },
    });
    return {
      type: 'group',
      children: [line(x, bottom, x, top), line(x - 3, bottom, x + 3, bottom), line(x - 3, top, x + 3, top)],
    };
  };
}
