/** `maft grade`: equality of answer pairs, line by line from standard input, without a model. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { z } from 'zod';
import type { TaskSettings } from '../contract/specification';
import type { AnswerPair } from '../ports';
import { answerReaders, graderFor } from '../tasks';
import { parseLine, streamLines } from './json-lines';
import { taskKind } from './task-option';

const pairSchema = z.strictObject({ a: z.string(), b: z.string() });

/** Pairs that are graded together: enough to be quick, few enough to answer while the input still comes. */
const batchSize = 256;

export function register(program: Command): void {
  program
    .command('grade')
    .description('read pairs {"a","b"} as JSON lines from standard input, write {"equal":…} for each, in order')
    .requiredOption('--task <kind>', 'the task, which decides when two answers are equal', taskKind)
    .action(async ({ task }: { task: TaskSettings['kind'] }) => {
      await grade(task, process.stdin, process.stdout);
    });
}

/**
 * Each side is a parsed answer or a whole solution. One verdict per line, in order; a line that is no pair is a
 * `DatasetError` with its number, after the verdicts on the lines before it.
 */
export async function grade(task: TaskSettings['kind'], input: Readable, output: Writable): Promise<void> {
  const grader = graderFor(answerReaders[task]);
  const answer = async (pairs: AnswerPair[]) => {
    const verdicts = await grader.grade(pairs);
    const text = verdicts.map((verdict) => `${JSON.stringify(verdict)}\n`).join('');
    if (!output.write(text)) await once(output, 'drain');
  };
  let batch: AnswerPair[] = [];
  try {
    for await (const line of streamLines(input)) {
      batch.push(parseLine(pairSchema, 'standard input', line));
      if (batch.length === batchSize) await answer(batch.splice(0));
    }
  } finally {
    if (batch.length > 0) await answer(batch);
    batch = [];
  }
}
