/** Sections with a part for each task. */
import { present, prose, type Block, type Group, type Optional } from '../../pages/page';
import { visibleLine } from '../../visible-text';
import type { ComparisonReport } from '../build';
import { measuredRows, type MeasuredRow } from '../rows';

/** The blocks of every task that has any, below its name if there are several tasks. */
export function byTask(tasks: string[], of: (task: string, index: number) => Optional<Block>[]): Block[] {
  return tasks.flatMap((task, index) => {
    const blocks = present(of(task, index));
    return tasks.length === 1 || blocks.length === 0 ? blocks : [prose(task, 'heading'), ...blocks];
  });
}

/** ` on math`, if there are several tasks. */
export function onTask(tasks: string[], task: string): string {
  return tasks.length === 1 ? '' : ` on ${visibleLine(task)}`;
}

/** What was measured on each task, a group of rows for each. */
export function groupsByTask({ rows, tasks }: Pick<ComparisonReport, 'rows' | 'tasks'>): Group<MeasuredRow>[] {
  return tasks.map((task) => ({ ...(tasks.length === 1 ? {} : { title: task }), rows: measuredRows(rows, task) }));
}
