/** What `maft serve` takes of a chat completion request: one question, and how it is to be answered. */
import { z } from 'zod';
import { waysOfAsking, type WayOfAsking } from '../runs/ask-society';

/** A request that is refused; `status` and `message` are what its sender is told. */
export class RefusedRequest extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly parameter: string | null = null,
  ) {
    super(message);
  }
}

export interface ChatQuestion {
  question: string;
  /** Undefined: the server's own. */
  way: WayOfAsking | undefined;
  seed: number | undefined;
  maxTokens: number | undefined;
  stream: boolean;
  /** Of a stream: whether a last chunk says what was used. */
  streamUsage: boolean;
  /** Whether the whole debate is wanted, in a field of its own. */
  transcript: boolean;
  /** Settings of the request that a society does not follow: it samples as it was trained and measured. */
  ignored: string[];
}

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const message = z.object({ role: z.string(), content: z.union([z.string(), z.array(textPart)]) });
const tokens = z.int().min(1).nullish();

const chatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(message),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  seed: z.int().nullish(),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  n: z.literal(1, 'a society gives one answer: n must be 1').nullish(),
  maft: z.strictObject({ mode: z.enum(waysOfAsking).optional(), transcript: z.boolean().optional() }).optional(),
});

/** Would change what is answered in a way that a debate has no place for. */
const impossible = [
  'tools',
  'tool_choice',
  'functions',
  'response_format',
  'logprobs',
  'logit_bias',
  'audio',
  'modalities',
];
const followed = new Set(Object.keys(chatRequest.shape));

/** @param served The one model name that is served. Throws `RefusedRequest`. */
export function readChatRequest(body: string, served: string): ChatQuestion {
  const raw = parsedJson(body);
  const { data, error } = chatRequest.safeParse(raw);
  if (data === undefined) {
    const [issue] = error.issues;
    const path = issue?.path.join('.') ?? '';
    throw new RefusedRequest(
      400,
      `${path === '' ? 'the body' : path}: ${issue?.message ?? 'is invalid'}`,
      path || null,
    );
  }
  if (data.model !== served)
    throw new RefusedRequest(404, `model: only ${JSON.stringify(served)} is served here`, 'model');
  const refused = impossible.find((name) => isAsked(data[name]));
  if (refused !== undefined) {
    throw new RefusedRequest(400, `${refused}: a society answers a question in words; leave it out`, refused);
  }
  return {
    question: theQuestion(data.messages),
    way: data.maft?.mode,
    seed: data.seed ?? undefined,
    maxTokens: data.max_completion_tokens ?? data.max_tokens ?? undefined,
    stream: data.stream ?? false,
    streamUsage: data.stream_options?.include_usage ?? false,
    transcript: data.maft?.transcript ?? false,
    ignored: Object.keys(data).filter(
      (name) => !followed.has(name) && !impossible.includes(name) && isAsked(data[name]),
    ),
  };
}

function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RefusedRequest(400, 'the body is not JSON');
  }
}

/** Clients send many settings with the value that means nothing. */
function isAsked(value: unknown): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  return value !== undefined && value !== null && value !== false && !isEmpty;
}

function theQuestion(messages: z.infer<typeof message>[]): string {
  const [only] = messages;
  if (only === undefined || messages.length > 1 || only.role !== 'user') {
    const roles = messages.map(({ role }) => role).join(', ') || 'none';
    throw new RefusedRequest(
      400,
      `messages: a society debates one question with prompts of its own: send one message of the user (sent: ${roles})`,
      'messages',
    );
  }
  const { content } = only;
  const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
  if (text.trim() === '') throw new RefusedRequest(400, 'messages: the question is empty', 'messages');
  return text.trim();
}
