/**
 * The paper's prompts for tasks in words. MATH: the authors' code, word for word. GSM8K and MMLU: the questions and answer
 * forms of Du et al., with summary and update requests like MATH's, reworded (the paper's own are unpublished).
 */
import type { PromptTemplates } from '../../prompts/templates';
import type { TaskPrompts } from './definition';

interface Wording {
  /** Asks the question, such as `Can you solve the following math problem? {question}`. */
  ask: string;
  /** What is asked for in round 1 beside the answer. */
  explain: string;
  /** The form of the final answer. */
  form: string;
  /** Asks again after others' solutions. */
  askAgain: string;
}

const boxed = 'Give a single final answer in the form \\boxed{answer}, at the end of your response.';
const boxedNumber =
  'Your final answer should be a single numerical number, in the form \\boxed{answer}, at the end of your response.';
const summaryRequest =
  'Write a summary of the different opinions from each of the individual agents and explain the reasoning in each solution.';

const opinions = 'Here are a list of opinions from different agents: \n\n {responses}\n\n ';
const authorsSummary = `${opinions}Write a summary of the different opinions from each of the individual agent and explain the reasoning in each solution.`;
const updatedAnswer = 'Your final answer should be be in the form \\boxed{answer} given at the end of your response.';

/** As in the authors' scripts, slips included: what a model is asked decides what it answers. */
const authorsPrompts: PromptTemplates = {
  firstRound:
    'Can you solve the following math problem? {question} Provide a bullet point summary of your reasoning. ' +
    'Your final answer should be a single answer, in the form \\boxed{answer}, at the end of your response.',
  summary: authorsSummary,
  // Ours: the authors never show the question to the summariser.
  summaryWithQuestion: `These opinions answer the question: {question}\n\n${authorsSummary}`,
  listedResponse: 'One agent response: ```{response}```',
  listSeparator: '\n\n ',
  laterRound:
    'Here is a summary of solutions from several other agents: {summary}\n\n ' +
    'Examine each these solutions as additional advice, can solve {question} and give your updated answer? ' +
    `Explain your reasoning. \n ${updatedAnswer}`,
  laterRoundWithResponses:
    'Here is are solution from other agents: \n\n {responses}\n\n ' +
    `Using each response as additional advice, can you give an updated bullet by bullet answer to {question}? ${updatedAnswer}`,
  quotedResponse: 'One agent response: {response}',
  quoteSeparator: '\n\n ',
  laterRoundAlone:
    'Can you double check that your answer is correct? Please reiterate your answer, with your final answer a single ' +
    'answer of the form \\boxed{answer} at the end of your response.',
};

export const wordProblem: Wording = {
  ask: 'Can you solve the following math problem? {question}',
  explain: 'Explain your reasoning.',
  form: boxedNumber,
  askAgain: 'can you give an updated answer to the problem? {question} Explain your reasoning.',
};

export const multipleChoice: Wording = {
  ask: 'Can you answer the following question as accurately as possible? {question}\n\n',
  explain: 'Explain your answer,',
  form: 'putting the letter of your choice in the form (X) at the end of your response.',
  askAgain: 'can you give an updated answer to the question? {question}\n\nExplain your answer,',
};

export const shortText: Wording = {
  ask: 'Can you answer the following question as accurately as possible? {question}',
  explain: 'Explain your reasoning.',
  form: boxed,
  askAgain: 'can you give an updated answer to the question? {question} Explain your reasoning.',
};

function paperPrompts({ ask, explain, form, askAgain }: Wording, request = summaryRequest): PromptTemplates {
  const opinions = 'Here is a list of opinions from different agents:\n\n{responses}\n\n';
  return {
    firstRound: joined(ask, explain, form),
    summary: `${opinions}${request}`,
    summaryWithQuestion: `These opinions answer the question: {question}\n\n${opinions}${request}`,
    listedResponse: 'One agent response: ```{response}```',
    listSeparator: '\n\n',
    laterRound: joined(
      'Here is a summary of solutions from several other agents:\n\n{summary}\n\n',
      'Examine each of these solutions as additional advice,',
      askAgain,
      form,
    ),
    laterRoundWithResponses: joined(
      'Here are solutions from other agents:\n\n{responses}\n\n',
      'Using each response as additional advice,',
      askAgain,
      form,
    ),
    quotedResponse: 'One agent response: ```{response}```',
    quoteSeparator: '\n\n',
    laterRoundAlone: joined(`Can you double check that your answer is correct? {question}\n\n`, explain, form),
  };
}

/** Joins sentences with a space, except after white space. */
function joined(...sentences: string[]): string {
  const parts = sentences.filter((sentence) => sentence !== '');
  return parts.reduce((text, part) => (/\s$/.test(text) ? `${text}${part}` : `${text} ${part}`));
}

/** A task in words: the paper's prompts, and the same questions with JSON objects instead of prose. */
export function worded(wording: Wording, answer: string): TaskPrompts {
  return { paper: paperPrompts(wording), json: jsonPrompts(wording, answer) };
}

/** A task whose answers are mathematical expressions. */
export const mathematics: TaskPrompts = { paper: authorsPrompts, json: jsonPrompts(wordProblem, 'the final answer') };

/**
 * The authors name the idea of messages as JSON objects; the wording is ours.
 * @param answer What the object's `answer` is, such as `the number`.
 */
export function jsonPrompts({ ask }: Pick<Wording, 'ask'>, answer: string): PromptTemplates {
  const form =
    'Answer with one JSON object and nothing else: {"steps": ["...", "..."], "answer": "..."}, ' +
    `where "steps" are the steps of your reasoning and "answer" is ${answer} alone.`;
  return paperPrompts(
    { ask, explain: '', form, askAgain: `answer again: ${ask}` },
    'Write one JSON object of the same shape and nothing else: "steps" are the steps of the individual agents and where they ' +
      'differ, "answer" lists their answers.',
  );
}
