/**
 * The paper's Arithmetic (after Du et al.): a+b*c+d-e*f with six integers drawn uniformly from 0..max-1. Generated from
 * the seed; no file is read.
 */
import type { TaskSettings } from '../contract/specification';
import { answerRules } from '../domain/answers';
import { sha256 } from '../domain/digests';
import { drawKey } from '../domain/draws';
import { InvalidRunSpec } from '../errors';
import { normalisedText } from './normalised-text';
import type { AnswerReader, DrawnProblems, LabelledProblem, Task } from './task';

export type ArithmeticSettings = Extract<TaskSettings, { kind: 'arithmetic' }>;

type Operands = [number, number, number, number, number, number];

/** How answers are read and compared, whatever problems are drawn. */
export const arithmeticAnswers: AnswerReader = { answerType: 'integer', ...answerRules.integer };

export function arithmetic(settings: ArithmeticSettings): Task {
  return {
    ...arithmeticAnswers,
    kind: 'arithmetic',
    draw: (seed, iterations) => Promise.resolve(drawProblems(settings, seed, iterations)),
  };
}

/** Evaluation comes first in the stream, so that it stays the same however many training problems are asked for. */
function drawProblems(settings: ArithmeticSettings, seed: number, iterations: number): DrawnProblems {
  const isFresh = settings.problems === 'fresh';
  const trainingSets = isFresh ? iterations : Math.min(iterations, 1);
  refuseMoreThanExist(settings, settings.eval + trainingSets * settings.train);
  const stream = differentProblems(seed, settings);
  const evaluation = take(stream, settings.eval);
  const drawn = Array.from({ length: trainingSets }, () => take(stream, settings.train));
  const train = isFresh ? drawn : Array.from({ length: iterations }, () => drawn[0] ?? []);
  return { eval: evaluation, train };
}

/** Endless problems 0, 1, 2, … of a seed, without those whose question came before. */
function* differentProblems(seed: number, { max, heldOut }: ArithmeticSettings): Generator<LabelledProblem, never> {
  const seen = new Set<string>();
  for (let index = 0, number = 0; ; index += 1) {
    const operands = drawOperands(seed, index, max);
    const question = questionOf(operands);
    const text = normalisedText(question);
    if (seen.has(text) || (heldOut && !isHeldOut(question))) continue;
    seen.add(text);
    yield { id: `arithmetic-${String(number).padStart(6, '0')}`, question, answer: answerOf(operands) };
    number += 1;
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

/** The bare expression; how it is asked is the prompt set's business. */
function questionOf([a, b, c, d, e, f]: Operands): string {
  return `${a}+${b}*${c}+${d}-${e}*${f}`;
}

function answerOf([a, b, c, d, e, f]: Operands): string {
  return String(a + b * c + d - e * f);
}

function take(stream: Generator<LabelledProblem, never>, count: number): LabelledProblem[] {
  return Array.from({ length: count }, () => stream.next().value);
}

function refuseMoreThanExist(
  { max, heldOut, train, eval: evaluation, problems }: ArithmeticSettings,
  wanted: number,
): void {
  const existing = heldOut ? Math.floor(max ** 6 / 12) : max ** 6;
  if (wanted <= existing) return;
  throw new InvalidRunSpec([
    `task: ${wanted} different problems are asked for (eval ${evaluation}, train ${train}, problems ${problems}), ` +
      `but with max ${max}${heldOut ? ' and heldOut' : ''} only ${existing} exist; ask for fewer or raise task.max`,
  ]);
}
