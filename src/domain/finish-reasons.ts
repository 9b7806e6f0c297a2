/**
 * What endpoints report as the end of a completion, and what it means here. An unknown reason never counts as good: the
 * model would learn to end its turn where a text broke off.
 */
import type { CompletionEnd, FinishReason, Usage } from '../contract/transcript';

/** Lower case, with `-` as `_`. OpenAI, vLLM: stop. TGI: eos_token. Anthropic: end_turn. Cohere: COMPLETE. Google: STOP. */
const meanings: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end: 'stop',
  end_turn: 'stop',
  end_of_text: 'stop',
  end_of_turn: 'stop',
  complete: 'stop',
  completed: 'stop',
  length: 'length',
  max_length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  // TGI, Mistral: the model's context was full.
  model_length: 'length',
  content_filter: 'filtered',
  content_filtered: 'filtered',
  filtered: 'filtered',
  safety: 'filtered',
  blocklist: 'filtered',
  prohibited_content: 'filtered',
  recitation: 'filtered',
  spii: 'filtered',
  refusal: 'filtered',
};

/** The name under which OpenAI's API knows each meaning; others are kept as reported. */
const usualNames: ReadonlySet<string> = new Set(['stop', 'length', 'content_filter']);

const longestName = 40;

/**
 * Characters of the largest response that is kept, well above what any sensible `maxTokens` allows (about 250,000
 * tokens). It bounds what one response costs later on: parsers are linear, and run on the worker's event loop.
 */
export const longestResponse = 1_000_000;

const tooLarge: CompletionEnd = { finishReason: 'other', reportedReason: 'too large' };
/** How responses above `longestResponse` are counted. */
export const tooLargeEnding = `ended as ${tooLarge.reportedReason}`;

/** Empties a response above `longestResponse` and marks its end as too large; it neither votes nor trains. */
export function withinLargest<Completion extends CompletionEnd & { text: string }>(completion: Completion): Completion {
  return completion.text.length <= longestResponse ? completion : { ...completion, ...tooLarge, text: '' };
}

/**
 * @param reported As received; endpoints that never fill the field send null or leave it out.
 * @param answer Decides for those: fewer tokens than allowed mean it ended, as many as allowed that it was cut; if the
 * endpoint does not count tokens either, the end is unknown.
 */
export function readFinishReason(
  reported: string | null | undefined,
  answer: { usage: Usage; maxTokens: number },
): CompletionEnd {
  if (reported === null || reported === undefined || reported.trim() === '') return unreportedEnd(answer);
  const name = shortName(reported);
  const key = name.toLowerCase().replaceAll('-', '_');
  const finishReason = (Object.hasOwn(meanings, key) ? meanings[key] : undefined) ?? 'other';
  return usualNames.has(name) ? { finishReason } : { finishReason, reportedReason: name };
}

function unreportedEnd({ usage, maxTokens }: { usage: Usage; maxTokens: number }): CompletionEnd {
  if (usage.completionTokens === null) return { finishReason: 'other', reportedReason: 'unreported' };
  return { finishReason: usage.completionTokens < maxTokens ? 'stop' : 'length', reportedReason: 'unreported' };
}

/** Names end up in reports and histories: one short line of plain characters. */
function shortName(reported: string): string {
  return reported
    .trim()
    .slice(0, longestName)
    .replaceAll(/[^A-Za-z0-9_.:/ -]/g, '?');
}

/** The outcome that rules out a response by how it ended; undefined if it ended as it should. */
export function endingOf({
  response,
  finishReason,
  reportedReason,
}: CompletionEnd & { response: string }): string | undefined {
  if (finishReason === 'filtered') return 'filtered';
  if (finishReason === 'length') return 'truncated';
  if (finishReason === 'other') return `ended as ${reportedReason ?? 'other'}`;
  return isEmpty(response) ? 'empty' : undefined;
}

/** Whether a response has no text. Hosts refuse such a turn in a chat. */
export function isEmpty(response: string): boolean {
  return response.trim() === '';
}
