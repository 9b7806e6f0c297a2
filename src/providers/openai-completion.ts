/**
 * A chat completion as endpoints really answer it: what is missing is unknown, what cannot be is refused, and the name of
 * the model that answered is held against the one that was asked.
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

/** More tokens in one call than any model reads or writes: what says so is no count. */
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

/** What of an answer is used; a server may send more. */
const completionSchema = z.looseObject({
  choices: z.array(choiceSchema).min(1),
  usage: usageSchema,
  model: z.string().nullish(),
});

type Choice = z.infer<typeof choiceSchema>;

/** The completion, and the name that the endpoint gave its model, where it gave one; undefined for anything else. */
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

/** By index: nothing says that they come in order. */
function firstChoice(choices: readonly Choice[]): Choice {
  return [...choices].sort((left, right) => (left.index ?? 0) - (right.index ?? 0))[0]!;
}

/** A message without content has said nothing, which is data; a choice without a message or a text is none. */
function textOf({ message, text }: Choice): string | undefined {
  if (message === null || message === undefined) return text ?? undefined;
  const { content } = message;
  if (typeof content === 'string') return content;
  return (content ?? []).map(partText).join('');
}

/** What a model thought, called or drew is not what it said. */
function partText(part: string | { type?: string | undefined; text?: unknown }): string {
  if (typeof part === 'string') return part;
  const isText = part.type === undefined || part.type === 'text' || part.type === 'output_text';
  return isText && typeof part.text === 'string' ? part.text : '';
}

/** OpenAI's refusals come beside the content, and end with "stop". */
function isRefusal({ message }: Choice, text: string): boolean {
  return text === '' && Boolean(message?.refusal);
}

/** What an answer that is not used says it took. */
export function usageSaidIn(answer: unknown): Usage {
  const parsed = z.looseObject({ usage: usageSchema.catch(null) }).safeParse(answer);
  return usageOf(parsed.data?.usage, 'unread');
}

/** No prompt has 0 tokens, and no text was written with 0: endpoints that say so do not count. */
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
 * Whether an answer by this name is an answer of the model that was asked for. Endpoints may leave the name out, write it
 * in other letters, or name the dated snapshot behind it.
 * @param acceptable Names of the model that was asked for: on the wire, and where the configuration knows others.
 */
export function isModelAskedFor(answered: string, acceptable: readonly string[]): boolean {
  const name = answered.toLowerCase();
  return acceptable.some((each) => {
    const asked = each.toLowerCase();
    return name === asked || (name.startsWith(asked) && dated.test(name.slice(asked.length)));
  });
}
