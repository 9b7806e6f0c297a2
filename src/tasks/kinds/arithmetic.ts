/**
 * The paper's Arithmetic (after Du et al.): a+b*c+d-e*f with six integers drawn uniformly from 0..max-1. Generated from
 * the seed; no file is read.
 */
import { z } from 'zod';
import { sha256 } from '../../domain/digests';
import { drawKey } from '../../domain/draws';
import { InvalidRunSpec } from '../../errors';
import { normalisedText } from '../../domain/normalised-text';
import type { DrawnProblems, DrawRequest, FreshProblems, FreshRequest, LabelledProblem, TakenQuestions } from '../task';
import { generatedTask, problemCounts } from './definition';
import { jsonPrompts } from './wording';

const settings = z.strictObject({
  kind: z.literal('arithmetic'),
  max: z.int().min(2).max(10_000).default(30),
  heldOut: z
    .boolean()
    .default(false)
    .describe('draw only from the tenth of all problems that models/tiny-arithmetic never saw in pretraining'),
  ...problemCounts,
});

type ArithmeticSettings = z.infer<typeof settings>;
type Operands = [number, number, number, number, number, number];

const finalAnswer = 'Make sure to state your answer at the end of the response.';
const opinions =
  'Here is a list of opinions from different agents:\n\n{responses}\n\n' +
  'Write a summary of the different opinions from each of the individual agents and explain the reasoning in each solution.';

export const arithmetic = generatedTask({
  settings,
  answers: 'integer',
  about: 'generated from the seed; needs no data',
  // People type it as the model is asked it; the prompts add "=?" themselves.
  typedQuestion: (text) => text.replace(/\s*=?\s*\?*\s*$/, ''),
  draw: drawProblems,
  fresh: freshProblems,
  prompts: {
    // Round 1 is Du et al.'s; the paper's code holds only MATH prompts, whose summary and update requests are reworded.
    paper: {
      firstRound: `What is the result of {question}? ${finalAnswer}`,
      summary: opinions,
      summaryWithQuestion: `These opinions answer the question: What is the result of {question}?\n\n${opinions}`,
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
    // What the demo's tiny model was pretrained on, in which every character is a token.
    compact: {
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
    json: jsonPrompts({ ask: 'What is the result of {question}?' }, 'the integer'),
  },
});

/** Evaluation comes first in the stream, so it does not depend on the number of training problems. */
function drawProblems(settings: ArithmeticSettings, request: DrawRequest): DrawnProblems {
  const { seed, iterations, evaluatedElsewhere = new Set<string>(), validation = 0 } = request;
  const isFresh = settings.problems === 'fresh';
  const trainingSets = isFresh ? iterations : Math.min(iterations, 1);
  refuseMoreThanExist(settings, evaluatedElsewhere.size + settings.eval + trainingSets * settings.train + validation);
  const stream = differentQuestions(seed, settings, evaluatedElsewhere);
  const evaluation = take(stream, settings.eval, 0);
  // Also after the numbers of an evaluation drawn elsewhere, so no id occurs in both.
  const first = Math.max(settings.eval, evaluatedElsewhere.size);
  const drawn = Array.from({ length: trainingSets }, (_, set) =>
    take(stream, settings.train, first + set * settings.train),
  );
  const train = isFresh ? drawn : Array.from({ length: iterations }, () => drawn[0] ?? []);
  if (validation === 0) return { eval: evaluation, train };
  return { eval: evaluation, train, validation: take(stream, validation, first + trainingSets * settings.train) };
}

/** Their ids come from the questions, so a question has one id in every run of a line. */
function freshProblems(
  settings: ArithmeticSettings,
  { seed, most, taken }: FreshRequest,
): Pick<FreshProblems, 'problems'> {
  const count = Math.max(0, Math.min(most, existingQuestions(settings) - taken.size));
  const stream = differentQuestions(seed, settings, taken);
  const problems = take(stream, count, 0).map((problem) => ({
    ...problem,
    id: `arithmetic-${sha256(problem.question).slice(0, 12)}`,
  }));
  return { problems };
}

/** Endless questions of a seed, without repetitions and those already taken. */
function* differentQuestions(
  seed: number,
  { max, heldOut }: ArithmeticSettings,
  spokenFor: TakenQuestions,
): Generator<Operands, never> {
  const seen = new Set<string>();
  for (let index = 0; ; index += 1) {
    const operands = drawOperands(seed, index, max);
    const question = questionOf(operands);
    const text = normalisedText(question);
    if (spokenFor.has(text) || seen.has(text) || (heldOut && !isHeldOut(question))) continue;
    seen.add(text);
    yield operands;
  }
}

/**
 * Whether the tiny model's pretraining left a question out: a tenth of them, by the hash of the question as it is asked
 * there (python/maft/tiny/problems.py draws the same line).
 */
function isHeldOut(question: string): boolean {
  return Number.parseInt(sha256(`${question}=?`).slice(0, 8), 16) % 10 === 0;
}

/** Six times 40 bits of a draw; taken modulo at most 10,000 they are uniform to within 1e-8. */
function drawOperands(seed: number, index: number, max: number): Operands {
  const key = drawKey(`problem/${seed}/arithmetic/${index}`);
  const operand = (position: number) => Number.parseInt(key.slice(position * 10, position * 10 + 10), 16) % max;
  return [operand(0), operand(1), operand(2), operand(3), operand(4), operand(5)];
}

/** The bare expression; the prompt set decides how it is asked. */
function questionOf([a, b, c, d, e, f]: Operands): string {
  return `${a}+${b}*${c}+${d}-${e}*${f}`;
}

function answerOf([a, b, c, d, e, f]: Operands): string {
  return String(a + b * c + d - e * f);
}

/** The next problems of the stream, numbered from `first`. */
function take(stream: Generator<Operands, never>, count: number, first: number): LabelledProblem[] {
  return Array.from({ length: count }, (_, offset) => {
    const operands = stream.next().value;
    const id = `arithmetic-${String(first + offset).padStart(6, '0')}`;
    return { id, question: questionOf(operands), answer: answerOf(operands) };
  });
}

/** A safe number of held-out questions: counted if there are few, else less than the tenth that they are. */
function heldOutQuestions(max: number): number {
  const all = max ** 6;
  if (max > 4) return Math.floor(all / 12);
  const operand = (index: number, position: number) => Math.floor(index / max ** position) % max;
  const questions = Array.from({ length: all }, (_, index) =>
    questionOf([0, 1, 2, 3, 4, 5].map((position) => operand(index, position)) as Operands),
  );
  return questions.filter(isHeldOut).length;
}

function existingQuestions({ max, heldOut }: ArithmeticSettings): number {
  return heldOut ? heldOutQuestions(max) : max ** 6;
}

function refuseMoreThanExist(settings: ArithmeticSettings, wanted: number): void {
  const { max, heldOut, train, eval: evaluation, problems } = settings;
  const existing = existingQuestions(settings);
  if (wanted <= existing) return;
  throw new InvalidRunSpec([
    `task: ${wanted} different problems are asked for (eval ${evaluation}, train ${train}, problems ${problems}), ` +
      `but with max ${max}${heldOut ? ' and heldOut' : ''} only ${existing} exist; ask for fewer or raise task.max`,
  ]);
}
