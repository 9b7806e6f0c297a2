/** A society made ready for questions: its task, prompts and grader, with the endpoints of this machine. */
import type { RunSpecification } from '../contract/specification';
import type { Society } from '../contract/society';
import { promptsFor } from '../prompts';
import type { AskedSociety } from '../runs/ask-society';
import { readingMessages } from '../tasks/run-tasks';
import type { WiredAnswering } from '../wiring';
import { lazyGrader, type ClosableGrader } from './task-option';

/** The grader starts with the first pair, and is the caller's to close. */
export function askedSociety(
  { task: taskOf, inference }: Pick<WiredAnswering, 'task' | 'inference'>,
  { society, specification }: { society: Society; specification: RunSpecification },
): AskedSociety & { grader: ClosableGrader } {
  const { evalTask, task: trained, method } = specification;
  const task = readingMessages(taskOf(evalTask ?? trained), method.prompts);
  const prompts = promptsFor(method.prompts, task);
  return { society, specification, task, prompts, inference, grader: lazyGrader(task) };
}
