/** Answers beside an evaluation debate: the vote at equal tokens, and single calls at other temperatures. */
import type { FurtherAnswers } from '../contract/run';
import type { Usage } from '../contract/transcript';
import { temperatureSampleName, generationAgent } from './identifiers';
import type { DebateRules, Voice } from './debate-rules';

/** Samples of one vote at most, however many tokens a debate took. */
export const mostSamples = 64;

/**
 * k of the vote that takes as many tokens as a debate did, prompts and summaries included: the debate's tokens over the mean
 * of its first responses, rounded; at least N, at most 64. Decided before the samples are drawn, so no answer affects
 * it. Undefined if an endpoint did not report the tokens of a call.
 *
 * @param firstRound Usage of the N first responses.
 * @param debate Usage of all calls of the debate, the first round among them.
 */
export function samplesAtEqualTokens(firstRound: readonly Usage[], debate: readonly Usage[]): number | undefined {
  const [first, all] = [tokensOf(firstRound), tokensOf(debate)];
  if (first === undefined || all === undefined || first === 0) return undefined;
  const samples = Math.round((all / first) * firstRound.length);
  return Math.max(firstRound.length, Math.min(mostSamples, samples));
}

function tokensOf(usages: readonly Usage[]): number | undefined {
  return usages.reduce<number | undefined>((sum, { promptTokens, completionTokens }) => {
    if (sum === undefined || promptTokens === null || completionTokens === null) return undefined;
    return sum + promptTokens + completionTokens;
  }, 0);
}

/** Who gives the single answer at a temperature: the agent of the plain single answer, under a different name. */
export function temperatureVoice(temperature: number, { firstRoundBy }: DebateRules): Voice {
  return { name: temperatureSampleName(temperature), agent: firstRoundBy ?? generationAgent(1) };
}

/** The samples drawn beside a debate, in words: `samples 4-9 of the vote, temperature 0`. */
export function describeSamples(
  { fromSample, toSample }: { fromSample: number; toSample: number },
  { atEqualTokens = false, temperatures = [] }: FurtherAnswers = {},
): string {
  const range = toSample < fromSample ? '' : `samples ${fromSample}-${toSample} of the vote`;
  const tokens = atEqualTokens ? 'a vote at equal tokens' : '';
  const single = temperatures.length === 0 ? '' : `temperature ${temperatures.join(', ')}`;
  return [range, tokens, single].filter((each) => each !== '').join(', ');
}
