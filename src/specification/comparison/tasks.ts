/** The tasks of a comparison and their names, which head the columns and are part of the ids of runs. */
import { isPlainObject, type PlainObject } from '../plain-objects';

export interface ComparedTask {
  name: string;
  settings: unknown;
}

/** `task`, or each of `tasks`; a missing name is the kind's, with a number if that is taken. */
export function comparedTasks(written: PlainObject): ComparedTask[] {
  const given = Array.isArray(written.tasks) ? (written.tasks as unknown[]) : [written.task];
  const taken = new Set<string>();
  return given.map((task) => {
    const { name, ...settings } = isPlainObject(task) ? task : { name: undefined, kind: task };
    const chosen =
      typeof name === 'string' ? name : freeName(typeof settings.kind === 'string' ? settings.kind : 'task', taken);
    taken.add(chosen);
    return { name: chosen, settings: isPlainObject(task) ? settings : task };
  });
}

function freeName(kind: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? kind : `${kind}-${number}`;
    if (!taken.has(name)) return name;
  }
}
