/** Prompt sets by name, narrowed to one task. */
import { InvalidRunSpec } from '../errors';
import { promptSets, type PromptTemplates, type TaskKind } from './templates';

/** The templates of one set for one task. */
export interface PromptSet extends PromptTemplates {
  name: string;
  task: string;
}

export function promptSetNames(): string[] {
  return promptSets.map(({ name }) => name);
}

/** Throws `InvalidRunSpec` for an unknown set, or one that has no prompts for the task. */
export function promptSet(name: string, task: string): PromptSet {
  const set = promptSets.find((candidate) => candidate.name === name);
  const problem = (allowed: string) => new InvalidRunSpec([`method.prompts: ${JSON.stringify(name)} ${allowed}`]);
  if (set === undefined) throw problem(`is not a prompt set; the known ones are ${promptSetNames().join(', ')}`);
  const templates = set.tasks[task as TaskKind];
  if (templates === undefined) {
    throw problem(`has no prompts for the task ${task}; it has them for ${Object.keys(set.tasks).join(', ')}`);
  }
  return { name, task, ...templates };
}
