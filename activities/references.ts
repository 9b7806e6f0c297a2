/**
 * The one place that loads reference answers. It offers verdicts, or the text of one answer for a hint, to evaluation, the
 * audit, measures, STaR's hints and `select: reference` only (method.md, Training sets: label-free).
 */
import { parseLines } from '../src/artifacts/lines';
import type { ReferenceAnswer } from '../src/contract/problem';
import { equalityFromVerdicts, type Equality, type PairVerdict } from '../src/domain/voting';
import { DatasetError } from '../src/errors';
import type { AnswerPair } from '../src/ports';
import type { ActivityDependencies } from './dependencies';
import { gradePairs } from './grading';
import { splitFile, type LoadedRuns, type SplitPlace } from './loaded-runs';

export interface Judge {
  /** Among the answers of one problem. */
  equal: Equality;
  /** Whether an answer of a problem equals its reference answer. */
  isCorrect(problemId: string, answer: string): boolean;
  /** The same, or `undefined` if the problem has no reference answer. */
  isRight(problemId: string, answer: string): boolean | undefined;
}

export interface LoneJudge {
  /** Whether the problem has a reference answer. */
  has(problemId: string): boolean;
  /**
   * Those of the answers that equal the problem's reference answer.
   * @param key Where the verdicts are stored, write-once.
   */
  rightAmong(problemId: string, answers: readonly string[], key: string): Promise<ReadonlySet<string>>;
}

export class References {
  constructor(
    private readonly dependencies: ActivityDependencies,
    private readonly loadedRuns: LoadedRuns,
  ) {}

  /** The reference answer of one problem. Throws `DatasetError` if it has none. */
  async answerOf(place: SplitPlace, problemId: string): Promise<string> {
    const answer = (await this.load(place)).get(problemId);
    if (answer === undefined)
      throw new DatasetError(`no reference answer for ${problemId}`, `references/${place.split}`);
    return answer;
  }

  /**
   * Equality among the answers of each problem, and with its reference answer.
   * @param answers Different answers by problem id. @param key Where the verdicts are stored, write-once.
   */
  async judge(place: SplitPlace, answers: ReadonlyMap<string, readonly string[]>, key: string): Promise<Judge> {
    const task = await this.loadedRuns.task(place);
    const references = await this.load(place);
    const pairs = [...answers].flatMap(([problemId, given]) => pairsOf(given, references.get(problemId)));
    const verdicts: PairVerdict[] = await gradePairs(this.dependencies, task, distinctPairs(pairs), key);
    const equal = equalityFromVerdicts(verdicts);
    const isRight = (problemId: string, answer: string): boolean | undefined => {
      const reference = references.get(problemId);
      return reference === undefined ? undefined : equal(answer, reference);
    };
    return { equal, isRight, isCorrect: (problemId, answer) => isRight(problemId, answer) === true };
  }

  /** For answers that are compared with nothing but the reference of their problem; loads the references once. */
  async judgeAlone(place: SplitPlace): Promise<LoneJudge> {
    const task = await this.loadedRuns.task(place);
    const references = await this.load(place);
    return {
      has: (problemId) => references.has(problemId),
      rightAmong: async (problemId, answers, key) => {
        const reference = references.get(problemId);
        if (reference === undefined) return new Set();
        const pairs = answers.map((a) => ({ a, b: reference }));
        const verdicts = await gradePairs(this.dependencies, task, distinctPairs(pairs), key);
        const equal = equalityFromVerdicts(verdicts);
        return new Set(answers.filter((answer) => equal(answer, reference)));
      },
    };
  }

  /** How many problems of a split have a reference answer. */
  async count(place: SplitPlace): Promise<number> {
    return (await this.load(place)).size;
  }

  private async load({ split, iteration, ...run }: SplitPlace): Promise<Map<string, string>> {
    const { record } = await this.loadedRuns.run(run);
    const bytes = await this.dependencies.store.readVerified(splitFile(record.references, split, iteration));
    return new Map(parseLines<ReferenceAnswer>(bytes).map(({ id, answer }) => [id, answer]));
  }
}

function pairsOf(answers: readonly string[], reference: string | undefined): AnswerPair[] {
  const among = answers.flatMap((a, index) => answers.slice(index + 1).map((b) => ({ a, b })));
  return reference === undefined ? among : [...among, ...answers.map((a) => ({ a, b: reference }))];
}

/** Whether two answers are equal does not depend on the problem, so each pair is asked once. */
function distinctPairs(pairs: AnswerPair[]): AnswerPair[] {
  const different = pairs.filter(({ a, b }) => a !== b);
  return [...new Map(different.map((pair) => [JSON.stringify([pair.a, pair.b]), pair])).values()];
}
