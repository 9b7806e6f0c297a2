/** `maft grade`: equality of answer pairs, line by line from standard input, without a model. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { saidIn } from '../domain/answers';
import { dataDirectory } from '../machine/paths';
import type { AnswerPair, Grader, Verdict } from '../ports';
import { parseLine, streamLines } from '../tasks/json-lines';
import { givenByUser, readerFor, type AnswerReader } from '../tasks';
import { lazyGrader, taskChoice, withTaskOptions, type TaskOptions } from './task-option';
import { visibleJson } from '../visible-text';

type Thinking = 'strip' | 'keep';

const pairSchema = z.strictObject({ a: z.string(), b: z.string() });

/** Pairs graded together: enough to be quick, few enough to answer while input still arrives. */
const batchSize = 256;

export function register(program: Command): void {
  withTaskOptions(program.command('grade'))
    .addOption(
      new Option('--thinking <what>', 'whether <think> parts are left out before answers are read, as in a run')
        .choices(['strip', 'keep'])
        .default('strip'),
    )
    .description('read pairs {"a","b"} as JSON lines from standard input, write {"equal":…} for each, in order')
    .addHelpText(
      'after',
      '\nExamples:\n  maft grade --task math < pairs.jsonl\n  maft grade --task jsonl --answer-type choice < pairs.jsonl\n  maft grade --task my-task.cjs < pairs.jsonl',
    )
    .action(async ({ thinking, ...options }: TaskOptions & { thinking: Thinking }) => {
      const reader = readerFor(taskChoice(options), { dataDirectory: dataDirectory(), access: givenByUser });
      await grade(readingWhatIsSaid(reader, thinking), process.stdin, process.stdout);
    });
}

/** Reads answers as a run with this `method.thinking` does. */
export function readingWhatIsSaid(reader: AnswerReader, thinking: Thinking): AnswerReader {
  return { ...reader, parse: (text) => reader.parse(saidIn(text, thinking)) };
}

/**
 * Each side is a parsed answer or a whole solution. Writes one verdict per line, in order. Throws `DatasetError` with
 * the number of a line that is not a pair, after the verdicts on the lines before it.
 */
export async function grade(reader: AnswerReader, input: Readable, output: Writable): Promise<void> {
  const grader = lazyGrader(reader);
  const answer = async (pairs: AnswerPair[]) => {
    const verdicts = await gradeTexts(grader, reader, pairs);
    const text = verdicts.map((verdict) => `${visibleJson(verdict)}\n`).join('');
    if (!output.write(text)) await once(output, 'drain');
  };
  const batch: AnswerPair[] = [];
  try {
    for await (const line of streamLines(input)) {
      batch.push(parseLine(pairSchema, 'standard input', line));
      if (batch.length === batchSize) await answer(batch.splice(0));
    }
  } finally {
    if (batch.length > 0) await answer(batch);
    await grader.close();
  }
}

/** Reads the answer of each side first; a side without a parsable answer equals nothing, and the verdict says so. */
async function gradeTexts(grader: Grader, reader: AnswerReader, pairs: AnswerPair[]): Promise<Verdict[]> {
  const parsed = await Promise.all(
    pairs.map(async ({ a, b }) => ({ a: await reader.parse(a), b: await reader.parse(b) })),
  );
  const complete = parsed.filter((pair): pair is AnswerPair => pair.a !== null && pair.b !== null);
  const verdicts = (await grader.grade(complete)).values();
  return parsed.map(({ a, b }): Verdict => {
    if (a === null || b === null) return { equal: false, reason: `no answer in ${a === null ? 'a' : 'b'}` };
    return verdicts.next().value ?? { equal: false, reason: 'no verdict' };
  });
}
