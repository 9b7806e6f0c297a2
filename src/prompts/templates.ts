/**
 * All prompt texts but the instructions (instructions.ts), per set and task, as data. `{question}`, `{summary}`, `{responses}` and `{response}` are filled in;
 * any other braces are text. Changing one of these changes what models are asked and trained on: it is a new version of
 * every result.
 */
import { jsonTasks, paperTasks } from './paper-tasks';

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

/** What has its own prompts: a task, or a kind of answer of a user's own data. */
export type PromptTask = 'arithmetic' | keyof typeof paperTasks;

export interface PromptSetTemplates {
  name: string;
  /** What members write to each other; absent: prose. `json`: objects with `steps` and `answer`. */
  form?: 'json';
  /** What precedes an agent's first prompt, if `method.instructions` names any. */
  instructions: Instructions;
  /** The re-ask with the reference answer as a hint: `{firstRound}` (or `{question}`) and `{reference}`. */
  hinted: string;
  /** Absent tasks cannot be asked with this set. */
  tasks: Partial<Record<PromptTask, PromptTemplates>>;
}

const finalAnswer = 'Make sure to state your answer at the end of the response.';

/**
 * The paper's shapes: single user turns, no system prompt, identical for all agents. Round 1 of Arithmetic is Du et
 * al.'s; the paper's code holds only MATH prompts, whose summary and update requests are reworded here for Arithmetic.
 */
const paper: PromptSetTemplates = {
  name: 'paper',
  instructions: wordedInstructions,
  hinted:
    '{firstRound}\n\nHint: the final answer is {reference}. Give the reasoning that leads to it as if you had not seen the hint.',
  tasks: {
    arithmetic: {
      firstRound: `What is the result of {question}? ${finalAnswer}`,
      summary:
        'Here is a list of opinions from different agents:\n\n{responses}\n\n' +
        'Write a summary of the different opinions from each of the individual agents and explain the reasoning in each solution.',
      summaryWithQuestion:
        'These opinions answer the question: What is the result of {question}?\n\n' +
        'Here is a list of opinions from different agents:\n\n{responses}\n\n' +
        'Write a summary of the different opinions from each of the individual agents and explain the reasoning in each solution.',
      listedResponse: 'One agent response: ```{response}```',
      listSeparator: '\n\n',
      laterRound:
        'Here is a summary of solutions from several other agents:\n\n{summary}\n\n' +
        'Examine each of these solutions as additional advice. What is the result of {question}? ' +
        `Give your updated answer and explain your reasoning. ${finalAnswer}`,
      laterRoundWithResponses:
        'Here are solutions from other agents:\n\n{responses}\n\n' +
        'Using each response as additional advice, what is the result of {question}? ' +
        `Give your updated answer and explain your reasoning. ${finalAnswer}`,
      quotedResponse: 'One agent response: ```{response}```',
      quoteSeparator: '\n\n',
      laterRoundAlone: `Can you double check that your answer is correct? What is the result of {question}? ${finalAnswer}`,
    },
    ...paperTasks,
  },
};

/** The shortest formats: what the demo's tiny model was pretrained on, in which every character is a token. */
const compact: PromptSetTemplates = {
  name: 'compact',
  instructions: compactInstructions,
  // The form in which the tiny model was shown the answers of others, in a separate chat.
  hinted: '{firstRound}\nOthers: {reference}, {reference}. {question}=?',
  tasks: {
    arithmetic: {
      firstRound: '{question}=?',
      summary: 'List:\n{responses}',
      summaryWithQuestion: '{question}=?\nList:\n{responses}',
      listedResponse: '{response}',
      listSeparator: '\n',
      laterRound: 'Others: {summary}. {question}=?',
      laterRoundWithResponses: 'Others: {responses}. {question}=?',
      quotedResponse: '{response}',
      quoteSeparator: '\n',
      laterRoundAlone: '{question}=?',
    },
  },
};

/** The paper's questions, answered with JSON objects. */
const json: PromptSetTemplates = { ...paper, name: 'json', form: 'json', tasks: jsonTasks };

export const promptSets: readonly PromptSetTemplates[] = [paper, compact, json];
