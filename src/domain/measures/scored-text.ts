/** The tokens that a scoring model reads for one response, and how they are grouped into requests. */
import type { ResponseScore } from '../../contract/measures';

/** A response as tokens, after the messages its author was sent. */
export interface TokenizedResponse {
  prompt: readonly number[];
  response: readonly number[];
  /** The token that ends a turn, if the response ended by itself and the template shows which it is. */
  endOfTurn: number | undefined;
}

export interface ScoredText {
  tokens: number[];
  /** Index of the response's first token. */
  from: number;
}

/** Joins prompt, response and the token that ends the turn. */
export function scoredText({ prompt, response, endOfTurn }: TokenizedResponse): ScoredText {
  const ending = endOfTurn === undefined ? [] : [endOfTurn];
  return { tokens: [...prompt, ...response, ...ending], from: prompt.length };
}

/**
 * The texts to read, shortest first, and for each given text the one of them that begins with it: scores of a text
 * include those of every beginning of it. A member's first response is the beginning of what it is asked later.
 */
export function textsToRead(texts: readonly ScoredText[]): { read: ScoredText[]; containing: ScoredText[] } {
  const keys = texts.map(({ tokens }) => tokens.map((token) => `${token},`).join(''));
  // In this order a text stands right before its continuations, if it has any.
  const order = texts.map((_, index) => index).sort((left, right) => (keys[left]! < keys[right]! ? -1 : 1));
  const containing = new Array<ScoredText>(texts.length);
  order.reduceRight<number | undefined>((next, index) => {
    const isBeginning = next !== undefined && keys[next]!.startsWith(keys[index]!);
    containing[index] = isBeginning ? containing[next]! : texts[index]!;
    return index;
  }, undefined);
  const read = [...new Set(containing)].sort((left, right) => left.tokens.length - right.tokens.length);
  return { read, containing };
}

/**
 * The token that ends a turn, read off a chat that the template has closed: the one after prompt and response.
 * `undefined` if the template changed those two (it may strip or add text), or wrote nothing after them.
 */
export function endOfTurnToken(chat: {
  prompt: readonly number[];
  response: readonly number[];
  closed: readonly number[];
}): number | undefined {
  const open = [...chat.prompt, ...chat.response];
  return open.every((token, index) => chat.closed[index] === token) ? chat.closed[open.length] : undefined;
}

/**
 * Sum of the log-probabilities of the response's tokens, and their number; a text of no tokens says nothing.
 *
 * @param logProbabilities Of the text's tokens, or of a longer text that begins with them.
 */
export function sumOfResponse(
  { tokens, from }: ScoredText,
  logProbabilities: readonly (number | null)[],
): Pick<ResponseScore, 'logProbability' | 'tokens'> {
  const ofResponse = logProbabilities.slice(from, tokens.length);
  return {
    logProbability: ofResponse.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    tokens: tokens.length - from,
  };
}

/** Groups limited in number of items and total weight; a heavier item gets a group to itself. */
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
