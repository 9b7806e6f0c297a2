/** The tokens that a scoring model reads for one response, and how they are grouped into requests. */
import type { ResponseScore } from '../../contract/measures';

/** A response as tokens, behind the messages its author was sent. */
export interface TokenizedResponse {
  prompt: readonly number[];
  response: readonly number[];
  /** The token that ends a turn, where the response ended by itself and the template shows which it is. */
  endOfTurn: number | undefined;
}

export interface ScoredText {
  tokens: number[];
  /** Index of the response's first token. */
  from: number;
}

/** What was sent, what was answered, and that it ended there. */
export function scoredText({ prompt, response, endOfTurn }: TokenizedResponse): ScoredText {
  const ending = endOfTurn === undefined ? [] : [endOfTurn];
  return { tokens: [...prompt, ...response, ...ending], from: prompt.length };
}

/**
 * The token that ends a turn, read off a chat that the template has closed: what follows prompt and response there.
 * `undefined` where the template writes something else than those two (it may strip or add text), or nothing behind them.
 */
export function endOfTurnToken(chat: {
  prompt: readonly number[];
  response: readonly number[];
  closed: readonly number[];
}): number | undefined {
  const open = [...chat.prompt, ...chat.response];
  return open.every((token, index) => chat.closed[index] === token) ? chat.closed[open.length] : undefined;
}

/** Sum of the log-probabilities of the response's tokens, and their number; a text of no tokens says nothing. */
export function sumOfResponse(
  { tokens, from }: ScoredText,
  logProbabilities: readonly (number | null)[],
): Pick<ResponseScore, 'logProbability' | 'tokens'> {
  const ofResponse = logProbabilities.slice(from);
  return {
    logProbability: ofResponse.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    tokens: tokens.length - from,
  };
}

/** Groups of at most so many items and so much weight; an item heavier than that stands alone. */
export function inGroups<Item>(
  items: readonly Item[],
  weightOf: (item: Item) => number,
  most: { items: number; weight: number },
): Item[][] {
  const groups: Item[][] = [];
  let weight = 0;
  for (const item of items) {
    const group = groups.at(-1);
    weight += weightOf(item);
    if (group !== undefined && group.length < most.items && weight <= most.weight) {
      group.push(item);
    } else {
      groups.push([item]);
      weight = weightOf(item);
    }
  }
  return groups;
}
