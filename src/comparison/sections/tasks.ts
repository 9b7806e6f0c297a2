/** Sections with a part for each task. */
import { present, prose, type Block, type Group, type Optional } from '../../pages/page';
import type { ComparisonReport } from '../build';
import type { Cell, ComparisonRow } from '../rows';

/** The blocks of every task that has some, below its name where there are several tasks. */
export function byTask(tasks: string[], of: (task: string, index: number) => Optional<Block>[]): Block[] {
  return tasks.flatMap((task, index) => {
    const blocks = present(of(task, index));
    return tasks.length === 1 || blocks.length === 0 ? blocks : [prose(task, 'heading'), ...blocks];
  });
}

/** A row on one of the tasks. */
export interface MeasuredRow {
  row: ComparisonRow;
  cell: Cell;
}

/** What was measured on each task, a group of rows for each. */
export function groupsByTask({ rows, tasks }: Pick<ComparisonReport, 'rows' | 'tasks'>): Group<MeasuredRow>[] {
  return tasks.map((task) => ({
    ...(tasks.length === 1 ? {} : { title: task }),
    rows: rows.flatMap((row) => {
      const cell = row.cells[task];
      return cell === null || cell === undefined ? [] : [{ row, cell }];
    }),
  }));
}
