/**
 * A chat completion as endpoints really answer it: missing values are unknown, impossible ones are refused, and the
 * answering model's name is compared with the one that was asked for.
 */
import { z } from 'zod';
import type { Usage } from '../contract/transcript';
import { readFinishReason, withinLargest } from '../domain/finish-reasons';
import type { ChatCompletion } from '../ports';

const contentSchema = z.union([
  z.string(),
  z.array(z.union([z.string(), z.looseObject({ type: z.string().optional() })])),
]);

const choiceSchema = z.looseObject({
  index: z.int().optional().catch(undefined),
  message: z.looseObject({ content: contentSchema.nullish(), refusal: z.string().nullish() }).nullish(),
  /** Of servers that answer a chat in the form of a text completion. */
  text: z.string().nullish(),
  finish_reason: z.string().nullish(),
});

/** More tokens than any model reads or writes in one call: a larger number is not a count. */
const mostTokens = 1e9;

const tokenCount = z.int().min(0).max(mostTokens).nullish();

const usageSchema = z
  .looseObject({
    prompt_tokens: tokenCount,
    completion_tokens: tokenCount,
    input_tokens: tokenCount,
    output_tokens: tokenCount,
  })
  .nullish();

/** The fields of an answer that are used; a server may send more. */
const completionSchema = z.looseObject({
  choices: z.array(choiceSchema).min(1),
  usage: usageSchema,
  model: z.string().nullish(),
});

type Choice = z.infer<typeof choiceSchema>;

/** The completion, and the name that the endpoint gave its model, if any; undefined if `answer` is something else. */
export function readCompletion(
  answer: unknown,
  { maxTokens }: { maxTokens: number },
): { completion: ChatCompletion; model: string | undefined } | undefined {
  const parsed = completionSchema.safeParse(answer);
  if (!parsed.success) return undefined;
  const choice = firstChoice(parsed.data.choices);
  const text = textOf(choice);
  if (text === undefined) return undefined;
  const usage = usageOf(parsed.data.usage, text);
  const end = readFinishReason(isRefusal(choice, text) ? 'refusal' : choice.finish_reason, { usage, maxTokens });
  return { completion: withinLargest({ text, ...end, usage }), model: parsed.data.model ?? undefined };
}

/** By index: endpoints need not send them in order. */
function firstChoice(choices: readonly Choice[]): Choice {
  return [...choices].sort((left, right) => (left.index ?? 0) - (right.index ?? 0))[0]!;
}

/** A message without content is an empty response, which is data; a choice without message and text is not a choice. */
function textOf({ message, text }: Choice): string | undefined {
  if (message === null || message === undefined) return text ?? undefined;
  const { content } = message;
  if (typeof content === 'string') return content;
  return (content ?? []).map(partText).join('');
}

/** Thoughts, tool calls and images are not part of the text. */
function partText(part: string | { type?: string | undefined; text?: unknown }): string {
  if (typeof part === 'string') return part;
  const isText = part.type === undefined || part.type === 'text' || part.type === 'output_text';
  return isText && typeof part.text === 'string' ? part.text : '';
}

/** OpenAI's refusals come beside the content, and end with "stop". */
function isRefusal({ message }: Choice, text: string): boolean {
  return text === '' && Boolean(message?.refusal);
}

/** The usage reported by an answer that is not used. */
export function usageSaidIn(answer: unknown): Usage {
  const parsed = z.looseObject({ usage: usageSchema.catch(null) }).safeParse(answer);
  return usageOf(parsed.data?.usage, 'unread');
}

/** No prompt has 0 tokens, and no text is written with 0: endpoints that report 0 do not count. */
function usageOf(usage: z.infer<typeof usageSchema>, text: string): Usage {
  const promptTokens = usage?.prompt_tokens ?? usage?.input_tokens ?? null;
  const completionTokens = usage?.completion_tokens ?? usage?.output_tokens ?? null;
  return {
    promptTokens: promptTokens === 0 ? null : promptTokens,
    completionTokens: completionTokens === 0 && text !== '' ? null : completionTokens,
  };
}

/** Suffixes that name a dated version of a model: `-2024-07-18`, `-20240718`, `@2024-07-18`, `:2024-07-18`. */
const dated = /^[-@:](?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/**
 * Whether an answer by this name comes from the model that was asked for. Endpoints may omit the name, change its case,
 * or name the dated snapshot behind it.
 * @param acceptable Names of the model that was asked for: the one on the wire, and others from the configuration.
 */
export function isModelAskedFor(answered: string, acceptable: readonly string[]): boolean {
  const name = answered.toLowerCase();
  return acceptable.some((each) => {
    const asked = each.toLowerCase();
    return name === asked || (name.startsWith(asked) && dated.test(name.slice(asked.length)));
  });
}
