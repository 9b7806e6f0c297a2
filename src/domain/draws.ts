/**
 * Seeded draws: the only randomness in the method itself. No generator and no state: a choice orders its candidates by
 * the SHA-256 of a string that names the choice, so earlier draws do not affect it.
 *
 * Uses `node:crypto`, so workflows must not import this file.
 */
import { createHash } from 'node:crypto';

/** SHA-256 (hex) of the string that names a draw. */
export function drawKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The candidates in the order of their draws; take as many from the front as are wanted. Candidates with the same string
 * keep their order.
 */
export function orderByDraw<Candidate>(
  candidates: readonly Candidate[],
  stringOf: (candidate: Candidate) => string,
): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, key: drawKey(stringOf(candidate)) }))
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ candidate }) => candidate);
}

/** Names the draw that breaks a tie between largest groups, together with the groups' answers. */
export interface TieDraw {
  seed: number;
  iteration: number;
  problemId: string;
}

export function tieString(draw: TieDraw, answer: string): string {
  return `tie/${draw.seed}/${draw.iteration}/${draw.problemId}/${answer}`;
}

/** One model call, as far as its sampling seed depends on it. */
export interface SampledCall {
  kind: 'response' | 'summary';
  seed: number;
  iteration: number;
  /** `train`, `eval` or `eval.<task>`. */
  split: string;
  problemId: string;
  /** 1..M */
  round: number;
  /** The agent's id; a further sample of the same agent needs its own name (`sampleName` in identifiers.ts). */
  agent: string;
}

/** Sampling seed of a call: the first 31 bits of its draw, which fit a signed 32-bit integer everywhere. */
export function samplingSeed(call: SampledCall): number {
  const { kind, seed, iteration, split, problemId, round, agent } = call;
  const key = drawKey(`${kind}/${seed}/${iteration}/${split}/${problemId}/${round}/${agent}`);
  return Number.parseInt(key.slice(0, 8), 16) >>> 1;
}

/** `seed: run`: 31 bits of the run's id. */
export function seedOfRun(runId: string): number {
  return Number.parseInt(drawKey(`run/${runId}`).slice(0, 8), 16) >>> 1;
}

/** Seed of one agent's finetuning (order of examples, adapter initialisation): 31 bits, like a call's. */
export function trainingSeed({ seed, iteration, agent }: { seed: number; iteration: number; agent: string }): number {
  return Number.parseInt(drawKey(`training/${seed}/${iteration}/${agent}`).slice(0, 8), 16) >>> 1;
}
