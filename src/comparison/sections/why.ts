/** Why methods differ: members, debate and diversity behind the accuracies, and how they change over the iterations. */
import { measureCatalogue } from '../../domain/measures';
import { measurePanel, type MeasureLine } from '../../pages/charts/measure-panel';
import { seriesColor } from '../../pages/colors';
import { html } from '../../pages/html';
import {
  grid,
  prose,
  section,
  table,
  type Block,
  type Cell,
  type Group,
  type Optional,
  type Section,
} from '../../pages/page';
import type { ComparisonReport } from '../build';
import type { ExplainedValues, Explanation } from '../explanations';
import { byTask } from './tasks';

/** Null if no method answers as a society, or none is finished. */
export function whySection({ explanations, tasks }: ComparisonReport): Section | null {
  if (Object.values(explanations).every((found) => found.length === 0)) return null;
  const groups = tasks.map((task) => ({
    ...(tasks.length === 1 ? {} : { title: task }),
    rows: explanations[task] ?? [],
  }));
  return section('why', 'Why: members, debate and diversity', [
    prose(reading, 'note'),
    ...byTask(tasks, (task, index) => overIterations(explanations[task] ?? [], index)),
    valueTable(groups, debate),
    valueTable(groups, diversity),
  ]);
}

const reading =
  'A society gains where its last answers are right more often than its first ones (critics mend more than they spoil) and where its members fail on different problems. Agreement that rises without accuracy means members who have become more alike, not better. Nothing here is read by selection.';

type ValueName = keyof ExplainedValues;

interface ValueTable {
  /** What its first column is called on a terminal. */
  brief: string;
  /** What holds for all columns. */
  opening: string;
  format: (value: number) => string;
  /** A value's name and head, and what it is, for the caption. */
  values: [name: ValueName, head: string, says?: string, format?: (value: number) => string][];
}

const inPoints = (value: number) => value.toFixed(1);

const debate: ValueTable = {
  brief: 'why',
  opening: 'In percent',
  format: (value) => (100 * value).toFixed(1),
  values: [
    ['firstAnswers', 'first answers', 'First and last answers: each member’s own that are right.'],
    ['lastAnswers', 'last answers'],
    [
      'anyRight',
      'any member',
      'Any member: problems that at least one gets right in the last round; the further above the last answers, the more a vote can gain.',
    ],
    ['agreement', 'agreement', 'Agreement: lower is more diverse.'],
    ['mended', 'mended', 'Mended and spoilt: critics’ answers that went from wrong to right, and back.'],
    ['spoilt', 'spoilt'],
    [
      'reading',
      'reading',
      'Reading and copying, in points: right revisions given that others are right instead of wrong, if the own answer was wrong, and if it was right (docs/measures.md).',
      inPoints,
    ],
    ['copying', 'copying', undefined, inPoints],
    ['wrongConsensus', 'wrong consensus', 'Wrong consensus: of the last iteration’s training examples.'],
  ],
};

const saysOf = (measure: keyof typeof measureCatalogue) => {
  const { label, unit, direction } = measureCatalogue[measure];
  return `${label} (${unit}): ${direction}.`;
};

const diversity: ValueTable = {
  brief: 'diversity',
  opening: 'Of the last round',
  format: (value) => value.toFixed(4),
  values: [
    ['dissimilarity', 'dissimilarity', saysOf('embedding')],
    ['heldOutLikelihood', 'held-out likelihood', saysOf('heldOutLikelihood')],
    ['klBetweenAgents', 'KL between agents', saysOf('klBetweenAgents')],
    ['klFromBase', 'KL from base', saysOf('klFromBase')],
    ['tokensPerResponse', 'tokens per response', undefined, (value) => value.toFixed(1)],
  ],
};

/** Its columns are the values that any method has. */
function valueTable(groups: Group<Explanation>[], { brief, opening, format, values }: ValueTable) {
  const explanations = groups.flatMap(({ rows = [] }) => rows);
  const filled = values.filter(([name]) => explanations.some((each) => beforeAndAfter(each, name).length > 0));
  if (filled.length === 0) return null;
  const says = filled.map(([, , text = '']) => text).filter((text) => text !== '');
  return table<Explanation>({
    caption: [
      `${opening}, mean over the seeds, before → after finetuning (one value for runs without training).`,
      ...says,
    ].join(' '),
    columns: [
      { head: 'Method', brief, of: ({ label }) => label },
      ...filled.map(([name, head, , ownFormat = format]) => ({
        head,
        of: (each: Explanation): Cell => beforeAndAfter(each, name).map(ownFormat).join(' → ') || null,
      })),
    ],
    groups,
  });
}

/** One value if nothing is trained, none if nothing was measured. */
function beforeAndAfter({ before, after }: Explanation, name: ValueName): number[] {
  return [before, after].flatMap((values) => values?.[name] ?? []);
}

interface Panel {
  name: ValueName;
  label: string;
  unit: string;
  direction: string;
  format?: (value: number) => string;
}

const asPercent = (value: number) => `${Math.round(100 * value)} %`;

const panels: readonly Panel[] = [
  { name: 'accuracy', label: 'Accuracy', unit: 'share', direction: 'of the society’s own answers', format: asPercent },
  { ...measureCatalogue.agreement, name: 'agreement', format: asPercent },
  { ...measureCatalogue.embedding, name: 'dissimilarity' },
  { ...measureCatalogue.heldOutLikelihood, name: 'heldOutLikelihood' },
  { ...measureCatalogue.klBetweenAgents, name: 'klBetweenAgents' },
  { ...measureCatalogue.klFromBase, name: 'klFromBase' },
];

/** A grid of small charts, one line per method; empty if no method has more than one iteration. */
function overIterations(explanations: Explanation[], taskIndex: number): Optional<Block>[] {
  const last = Math.max(0, ...explanations.map(({ iterations }) => iterations.length - 1));
  if (last < 2) return [];
  const charts = panels.map(({ name, label, unit, direction, format }) => {
    const lines = explanations.map((each, colorIndex) => lineOf(each, { name, colorIndex }));
    if (lines.every(({ points }) => points.length === 0)) return null;
    const caption = html`<strong>${label}</strong>, ${unit}, by iteration: ${direction}`;
    return measurePanel({ id: `${name}-${taskIndex + 1}`, label, caption, lines, iterations: last, format });
  });
  const legend = explanations.map(({ label }, index) => ({ label, color: seriesColor(index) }));
  return [
    grid(legend, charts),
    prose('Means over the seeds whose runs came as far. Methods without training are a point at iteration 0.', 'note'),
  ];
}

function lineOf({ iterations }: Explanation, line: { name: ValueName; colorIndex: number }): MeasureLine {
  const points = iterations.flatMap(({ iteration, values }) => {
    const value = values[line.name];
    return value === null ? [] : [{ iteration, estimate: { value, interval: null } }];
  });
  return { colorIndex: line.colorIndex, points };
}
