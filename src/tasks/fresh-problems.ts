/** Problems that a line has not used yet, from the pools of a data set that may have grown since the last look. */
import { orderByDraw } from '../domain/draws';
import { normalisedText } from '../domain/normalised-text';
import { noticesOn } from './draw-splits';
import type { ProblemPools } from './problem-pools';
import type { FreshProblems, FreshRequest } from './task';

/** In the order of the seed. The order depends on the questions alone, not on the files they stand in. */
export function freshFromPools(pools: ProblemPools, kind: string, request: FreshRequest): FreshProblems {
  const { seed, most, from, taken, labelled = false } = request;
  const isFresh = ({ question, answer }: { question: string; answer?: string }) =>
    !(labelled && answer === undefined) && !taken.has(normalisedText(question));
  const ordered = orderByDraw(
    pools[from].filter(isFresh),
    ({ question }) => `fresh/${seed}/${normalisedText(question)}`,
  );
  return {
    problems: ordered.slice(0, most),
    sources: pools.sources.filter(({ split }) => split === from),
    notices: noticesOn(pools, kind),
  };
}
