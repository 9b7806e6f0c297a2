/** Colours as names in the style sheet: one drawing serves the light and the dark page. */

/** Enough for a society of eight; more cannot be told apart. */
const seriesColors = 8;

/**
 * echarts wants colours it can parse, the page wants `var(--name)`: each name stands for a unique placeholder colour,
 * which it replaces after drawing.
 */
const colorNames = [
  ...['text', 'muted', 'line', 'surface'],
  ...Array.from({ length: seriesColors }, (_, index) => `series-${index + 1}`),
  ...['set-1', 'set-2', 'set-3', 'set-4', 'set-5', 'set-6', 'set-7'],
  ...Array.from({ length: 14 }, (_, index) => `reject-${index + 1}`),
];

/** A colour of the style sheet, to be used in a chart option. */
export function color(name: string): string {
  const index = colorNames.indexOf(name);
  if (index < 0) throw new RangeError(`The style sheet has no colour named ${name}.`);
  return `#fe${(0xab00 + index).toString(16)}`;
}

export function seriesColor(index: number): string {
  return color(`series-${(index % seriesColors) + 1}`);
}

/** The page's name for a colour of `color`. */
export function cssColor(placeholder: string): string {
  return `var(--${colorNames[Number.parseInt(placeholder.slice(5), 16)] ?? 'text'})`;
}
