/** Embedding dissimilarity: how differently the members of one society put their answers (measures.md). */
import type { Estimate, PairDissimilarity } from '../../contract/measures';
import { estimateMean } from './estimates';

/** 1 - cosine of two vectors, 0..2. A zero vector has no direction: 0 to another zero vector, 1 to any other. */
export function cosineDissimilarity(first: readonly number[], second: readonly number[]): number {
  if (first.length !== second.length) {
    throw new RangeError(`Cannot compare embeddings of ${first.length} and ${second.length} dimensions.`);
  }
  const dot = (left: readonly number[], right: readonly number[]) =>
    left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  const lengths = Math.sqrt(dot(first, first)) * Math.sqrt(dot(second, second));
  if (lengths === 0) return dot(first, first) === dot(second, second) ? 0 : 1;
  return 1 - Math.min(1, Math.max(-1, dot(first, second) / lengths));
}

/** Every unordered pair of members; `vectors[member - 1]`. */
export function pairDissimilarities(
  { problemId, round }: { problemId: string; round: number },
  vectors: readonly (readonly number[])[],
): PairDissimilarity[] {
  return vectors.flatMap((vector, first) =>
    vectors.slice(first + 1).map((other, offset) => ({
      problemId,
      round,
      first: first + 1,
      second: first + offset + 2,
      value: cosineDissimilarity(vector, other),
    })),
  );
}

/** Mean over problems of the mean over pairs; `undefined` without a pair. */
export function embeddingDissimilarity(pairs: readonly PairDissimilarity[]): Estimate | undefined {
  const byProblem = new Map<string, number[]>();
  for (const { problemId, value } of pairs) byProblem.set(problemId, [...(byProblem.get(problemId) ?? []), value]);
  const means = [...byProblem.values()].map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  return estimateMean(means);
}
