/** Reference answers of `select: reference` (method.md, Training sets): read only if that setting is chosen by name. */
import { z } from 'zod';
import type { ReferenceVerdict } from '../../domain/selection';
import { distinctAnswers } from '../../domain/voting';
import { DatasetError } from '../../errors';
import { fileLines, parseLine } from '../../tasks/json-lines';
import type { Grader } from '../../ports';
import type { AnswerReader } from '../../tasks';
import type { PlacedTranscript } from './transcripts';

const referenceSchema = z.strictObject({ id: z.string().min(1), answer: z.string() });

/** Transcripts whose answers are graded together. */
const gradedTogether = 256;

/** The answers of a `references/train.jsonl`, and what they say of transcripts that have passed `judging`. */
export class ReferenceAnswers {
  private readonly right = new Set<string>();

  private constructor(
    private readonly file: string,
    private readonly answers: ReadonlyMap<string, string>,
  ) {}

  static async read(file: string, reader: AnswerReader): Promise<ReferenceAnswers> {
    const answers = new Map<string, string>();
    for await (const line of fileLines(file)) {
      if (line.text.trim() === '') continue;
      const { id, answer } = parseLine(referenceSchema, file, line);
      const parsed = await reader.parse(answer);
      if (parsed === null) throw new DatasetError(`answer ${JSON.stringify(answer)} does not parse`, file, line.number);
      answers.set(id, parsed);
    }
    return new ReferenceAnswers(file, answers);
  }

  /** Grades transcripts as they pass through. Throws `DatasetError` for a problem without a reference. */
  async *judging(transcripts: AsyncIterable<PlacedTranscript>, grader: Grader): AsyncGenerator<PlacedTranscript> {
    let batch: PlacedTranscript[] = [];
    for await (const placed of transcripts) {
      batch.push(placed);
      if (batch.length < gradedTogether) continue;
      yield* await this.judged(batch, grader);
      batch = [];
    }
    yield* await this.judged(batch, grader);
  }

  /** Whether an answer of a judged transcript is right. */
  readonly verdict: ReferenceVerdict = (problemId, answer) => this.right.has(JSON.stringify([problemId, answer]));

  private async judged(batch: PlacedTranscript[], grader: Grader): Promise<PlacedTranscript[]> {
    const given = batch.flatMap(({ transcript: { problemId, rounds } }) =>
      distinctAnswers(rounds).map((answer) => ({ problemId, answer, reference: this.referenceOf(problemId) })),
    );
    const verdicts = await grader.grade(given.map(({ answer, reference }) => ({ a: answer, b: reference })));
    given.forEach(({ problemId, answer }, index) => {
      if (verdicts[index]?.equal === true) this.right.add(JSON.stringify([problemId, answer]));
    });
    return batch;
  }

  private referenceOf(problemId: string): string {
    const reference = this.answers.get(problemId);
    if (reference !== undefined) return reference;
    throw new DatasetError(`holds no answer of problem ${JSON.stringify(problemId)}`, this.file);
  }
}
