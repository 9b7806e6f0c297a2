/** All tasks by kind, in the order of list.ts. */
import { z } from 'zod';
import type { AnswerType } from '../../domain/answers';
import type { FileTask, GeneratedTask, Published, TaskPrompts } from './definition';
import * as list from './list';

type Listed = (typeof list)[keyof typeof list];

export const taskDefinitions = Object.values(list) as readonly (FileTask | GeneratedTask | typeof list.userModule)[];

export const taskSchema = z.discriminatedUnion(
  'kind',
  taskDefinitions.map(({ settings }) => settings) as unknown as [Listed['settings']],
);

export type TaskSettings = z.infer<typeof taskSchema>;
export type TaskKind = TaskSettings['kind'];

export const taskKinds = taskDefinitions.map(({ kind }) => kind as TaskKind);

/** Kinds whose problems are in files. */
export const fileTasks = taskDefinitions.filter((each): each is FileTask => each.source === 'files');

/** A public data set: which task it is of, and what its files look like. */
export type PublicData = Published & { kind: string; expected: string };

export const publicData: readonly PublicData[] = fileTasks.flatMap(({ kind, layout: { expected }, published }) =>
  published === undefined ? [] : [{ kind, expected, ...published }],
);

export function definitionOf(kind: TaskKind): (typeof taskDefinitions)[number] {
  return taskDefinitions.find((each) => each.kind === kind)!;
}

/** The name of a task's prompts in a set: its kind or, for a user's own data, the kind of answer. */
export function promptTaskOf(settings: { kind: TaskKind; answerType?: string }): string {
  return settings.answerType === undefined ? settings.kind : `${settings.kind}-${settings.answerType}`;
}

/** The prompts of every task, by their names in a set. */
export function everyTasksPrompts(): [name: string, prompts: TaskPrompts][] {
  return taskDefinitions.flatMap((task): [string, TaskPrompts][] => {
    if (task.source === 'program') return [];
    if (task.answers !== undefined) return [[task.kind, task.prompts]];
    const kinds = Object.entries(task.prompts) as [AnswerType, TaskPrompts][];
    return kinds.map(([answerType, prompts]) => [`${task.kind}-${answerType}`, prompts]);
  });
}
