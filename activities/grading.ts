/** Equality verdicts through the grading port, stored write-once before they are used. */
import { Context } from '@temporalio/activity';
import { publishSealed, readSealed } from '../src/artifacts/sealed';
import { digestOf } from '../src/domain/digests';
import { amendedKey } from '../src/domain/keys';
import type { PairVerdict } from '../src/domain/voting';
import type { AnswerPair } from '../src/ports';
import type { AnswerReader } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';

/**
 * Returns verdicts on all pairs, stored or newly asked for. If an attempt died while closing a shard, the next one may have
 * more answers (problems that failed now succeed); it stores the missing verdicts beside the others.
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
