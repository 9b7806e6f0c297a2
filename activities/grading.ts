/** Equality verdicts through the grading port, stored write-once before anyone acts on them. */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import type { PairVerdict } from '../src/domain/voting';
import type { AnswerPair } from '../src/ports';
import type { AnswerReader } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';

/** Verdicts in the order of the pairs; found under the key, or asked for and stored there. */
export async function gradePairs(
  { store, grader }: ActivityDependencies,
  reader: AnswerReader,
  pairs: AnswerPair[],
  key: string,
): Promise<PairVerdict[]> {
  const stored = await readSealed<{ verdicts: PairVerdict[] }>(store, key);
  if (stored !== undefined) return stored.verdicts;
  const given = pairs.length === 0 ? [] : await grader(reader).grade(pairs, Context.current().cancellationSignal);
  const verdicts = pairs.map((pair, index) => ({
    ...pair,
    ...(given[index] ?? { equal: false, reason: 'no verdict' }),
  }));
  return (await publishSealed(store, key, { verdicts })).content.verdicts;
}
