/** What the responses of one round look like: long, cut, or all the same. Drift shows here before accuracy does. */
import type { ResponseShape } from '../../contract/measures';
import { estimateMeanOfRatios } from './estimates';
import type { WholeRound } from './whole-rounds';

/** `undefined` if there are no responses. */
export function responseShape(wholeRounds: readonly WholeRound[]): ResponseShape | undefined {
  const turns = wholeRounds.flatMap((wholeRound) => wholeRound.turns);
  const meanTokens = meanTokensOf(wholeRounds);
  if (meanTokens === undefined) return undefined;
  const share = (count: number) => count / turns.length;
  return {
    responses: turns.length,
    meanTokens,
    truncatedShare: share(turns.filter(({ finishReason }) => finishReason === 'length').length),
    commonestTextShare: share(mostFrequent(turns.map(({ response }) => response.trim()))),
    parsedShare: share(turns.filter(({ answer }) => answer !== null).length),
  };
}

/** Over the responses whose tokens were counted; 0 if the endpoint counted none. */
function meanTokensOf(wholeRounds: readonly WholeRound[]) {
  const counted = wholeRounds.map(({ turns }) => turns.flatMap(({ usage }) => usage.completionTokens ?? []));
  const isSilent = counted.every((tokens) => tokens.length === 0);
  return estimateMeanOfRatios([
    {
      numerators: counted.map((tokens) => tokens.reduce((sum, each) => sum + each, 0)),
      denominators: wholeRounds.map(({ turns }, index) => (isSilent ? turns.length : counted[index]!.length)),
    },
  ]);
}

function mostFrequent(texts: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  // Not Math.max(...): a large run has more responses than the stack holds arguments.
  return [...counts.values()].reduce((most, count) => Math.max(most, count), 0);
}
