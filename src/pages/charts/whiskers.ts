/** Vertical interval marks of points, as a custom series: rows are [x, lower, upper]. */
import type { CustomSeriesOption, CustomSeriesRenderItem } from 'echarts';
import type { Interval } from '../../domain/statistics';

function whisker(stroke: string): CustomSeriesRenderItem {
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

/** 95 % intervals at places of a horizontal axis, behind the lines. */
export function whiskers(at: { x: number; interval: Interval }[], stroke: string): CustomSeriesOption {
  return {
    type: 'custom',
    silent: true,
    renderItem: whisker(stroke),
    data: at.map(({ x, interval }) => [x, interval.lower, interval.upper]),
    encode: { x: 0, y: [1, 2] },
    z: 2,
  };
}
