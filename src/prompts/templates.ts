/**
 * All prompt sets, as data: what is common to all tasks here and in instructions.ts, the rest in each task's file.
 * `{question}`, `{summary}`, `{responses}` and `{response}` are filled in; any other braces are text. Changing one of these
 * changes what models are asked and trained on: it is a new version of every result.
 */
import { everyTasksPrompts } from '../tasks/kinds/all';
import type { TaskPrompts } from '../tasks/kinds/definition';
import { compactInstructions, wordedInstructions, type Instructions } from './instructions';

export interface PromptTemplates {
  /** Round 1: `{question}`. */
  firstRound: string;
  /** Asks the summariser: `{responses}`. The question is not in it (the authors' code). */
  summary: string;
  /** As `summary`, for the setting that shows the question: `{question}` and `{responses}`. */
  summaryWithQuestion: string;
  /** One response of another member in a list: `{response}`. */
  listedResponse: string;
  /** Between the listed responses. */
  listSeparator: string;
  /** Round > 1 after a summary: `{summary}` and the restated `{question}`. */
  laterRound: string;
  /** Round > 1 without summaries: `{responses}` and `{question}`. */
  laterRoundWithResponses: string;
  /** One response of another member, for methods without a summary: `{response}`. */
  quotedResponse: string;
  quoteSeparator: string;
  /** Round > 1 of a single member, who revises the own answer: `{question}`. */
  laterRoundAlone: string;
}

export interface PromptSetTemplates {
  name: string;
  /** What members write to each other; absent: prose. `json`: objects with `steps` and `answer`. */
  form?: 'json';
  /** What precedes an agent's first prompt, if `method.instructions` names any. */
  instructions: Instructions;
  /** The re-ask with the reference answer as a hint: `{firstRound}` (or `{question}`) and `{reference}`. */
  hinted: string;
  /** By task, or by kind of answer of a user's own data; absent ones cannot be asked with this set. */
  tasks: Readonly<Partial<Record<string, PromptTemplates>>>;
}

/** The texts that each task has for a set. */
function tasksWith(set: keyof TaskPrompts): Record<string, PromptTemplates> {
  const named = everyTasksPrompts().map(([name, { [set]: prompts }]) => [name, prompts] as const);
  return Object.fromEntries(named.flatMap(([name, prompts]) => (prompts === undefined ? [] : [[name, prompts]])));
}

/** The paper's shapes: single user turns, no system prompt, identical for all agents. */
const paper: PromptSetTemplates = {
  name: 'paper',
  instructions: wordedInstructions,
  hinted:
    '{firstRound}\n\nHint: the final answer is {reference}. Give the reasoning that leads to it as if you had not seen the hint.',
  tasks: tasksWith('paper'),
};

/** The shortest formats. */
const compact: PromptSetTemplates = {
  name: 'compact',
  instructions: compactInstructions,
  // The form in which the tiny model was shown the answers of others, in a separate chat.
  hinted: '{firstRound}\nOthers: {reference}, {reference}. {question}=?',
  tasks: tasksWith('compact'),
};

/** The paper's questions, answered with JSON objects. */
const json: PromptSetTemplates = { ...paper, name: 'json', form: 'json', tasks: tasksWith('json') };

export const promptSets: readonly PromptSetTemplates[] = [paper, compact, json];
