/** Equality verdicts through the grading port, stored write-once before anyone acts on them. */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import { digestOf } from '../src/domain/digests';
import { amendedKey } from '../src/domain/keys';
import type { PairVerdict } from '../src/domain/voting';
import type { AnswerPair } from '../src/ports';
import type { AnswerReader } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';

/**
 * Verdicts on all of the pairs: those found under the key, and those asked for. A shard that was closed by an attempt which
 * died may have more answers when it is closed again (what failed then succeeds now): the verdicts it lacks are stored beside.
 */
export async function gradePairs(
  { store, grader }: ActivityDependencies,
  reader: AnswerReader,
  pairs: AnswerPair[],
  key: string,
): Promise<PairVerdict[]> {
  const stored = await readSealed<{ verdicts: PairVerdict[] }>(store, key);
  const known = stored?.verdicts ?? [];
  const lacking = withoutVerdict(pairs, known);
  if (stored !== undefined && lacking.length === 0) return known;
  const given = lacking.length === 0 ? [] : await grader(reader).grade(lacking, Context.current().cancellationSignal);
  const verdicts = lacking.map((pair, index) => ({
    ...pair,
    ...(given[index] ?? { equal: false, reason: 'no verdict' }),
  }));
  const place = stored === undefined ? key : amendedKey(key, digestOf(lacking));
  return [...known, ...(await publishSealed(store, place, { verdicts })).content.verdicts];
}

function withoutVerdict(pairs: readonly AnswerPair[], verdicts: readonly PairVerdict[]): AnswerPair[] {
  const nameOf = ({ a, b }: AnswerPair) => JSON.stringify([a, b]);
  const judged = new Set(verdicts.map(nameOf));
  return pairs.filter((pair) => !judged.has(nameOf(pair)));
}
