/** Reads endpoints' errors: the reason in any of the usual shapes, the status it stands for, and when to retry. */

/** A failure as an answer's body reports it; `status` stands in for the answer's own 200. */
export interface ReportedError {
  reason: string;
  /** HTTP status that its code stands for; undefined if it has none that is known. */
  status: number | undefined;
}

const longestReason = 500;

/** Deepest nesting in which a reason is looked for; a body nested deeper is in an unknown format. */
const deepest = 4;

const mostEntries = 3;

/** OpenAI and most hosts: error.message. FastAPI: detail. RFC 9457: title and detail. */
const reasonFields = ['error', 'message', 'detail', 'title', 'msg', 'error_message', 'error_description', 'errors'];

/** The words of hosts that give no number, in lower case. */
const statusOfWord: Readonly<Record<string, number>> = {
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  rate_limited: 429,
  too_many_requests: 429,
  resource_exhausted: 429,
  insufficient_quota: 402,
  insufficient_credits: 402,
  insufficient_balance: 402,
  invalid_api_key: 401,
  authentication_error: 401,
  unauthenticated: 401,
  unauthorized: 401,
  permission_error: 403,
  permission_denied: 403,
  forbidden: 403,
  model_not_found: 404,
  not_found_error: 404,
  not_found: 404,
  invalid_request_error: 400,
  invalid_argument: 400,
  bad_request: 400,
  context_length_exceeded: 400,
  content_policy_violation: 400,
  overloaded_error: 503,
  overloaded: 503,
  unavailable: 503,
  service_unavailable: 503,
  server_error: 500,
  internal_error: 500,
  internal_server_error: 500,
  internal: 500,
  timeout: 504,
  deadline_exceeded: 504,
};

/** The reason in the text of a refusal; the text itself if it is not JSON. One short line; empty if there is none. */
export function reasonInText(text: string): string {
  try {
    return oneLine(reasonIn(JSON.parse(text)));
  } catch {
    return oneLine(/<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? text);
  }
}

/** The error inside an answer that came with status 200; undefined if there is none. */
export function errorInside(answer: unknown): ReportedError | undefined {
  if (!isObject(answer)) return undefined;
  const inChoice: unknown = Array.isArray(answer.choices) && isObject(answer.choices[0]) && answer.choices[0].error;
  const error = [answer.error, inChoice].find(isSomething) ?? (isErrorItself(answer) ? answer : undefined);
  if (error === undefined) return undefined;
  return { reason: oneLine(reasonIn(error)), status: statusIn(error) ?? statusIn(answer) };
}

/** An error without an envelope: `{"object": "error", …}`, or a code and a message where choices should be. */
function isErrorItself(answer: Record<string, unknown>): boolean {
  if (answer.object === 'error' || answer.type === 'error') return true;
  return !Array.isArray(answer.choices) && statusIn(answer) !== undefined && reasonIn(answer) !== '';
}

function isSomething(error: unknown): boolean {
  return (typeof error === 'string' && error !== '') || (isObject(error) && Object.keys(error).length > 0);
}

function statusIn(error: unknown): number | undefined {
  if (!isObject(error)) return undefined;
  const said = [error.code, error.status, error.status_code, error.statusCode, error.type];
  const numbers = said.map((each) => (typeof each === 'string' && /^\d{3}$/.test(each) ? Number(each) : each));
  const number = numbers.find((each): each is number => typeof each === 'number' && each >= 400 && each < 600);
  if (number !== undefined) return number;
  const words = said.filter((each) => typeof each === 'string').map((each) => each.toLowerCase());
  return words.flatMap((word) => (Object.hasOwn(statusOfWord, word) ? statusOfWord[word]! : []))[0];
}

function reasonIn(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (depth > deepest) return '';
  if (Array.isArray(value)) return joined(value.slice(0, mostEntries).map((each) => reasonIn(each, depth + 1)));
  if (!isObject(value)) return '';
  const found = reasonFields.map((field) => reasonIn(value[field], depth + 1)).filter((reason) => reason !== '');
  if (found.length === 0) return depth === 0 ? JSON.stringify(value) : '';
  // FastAPI says where in the request, RFC 9457 what in general and what here.
  const place = Array.isArray(value.loc) ? `${value.loc.slice(0, 6).join('.')}: ` : '';
  return place + (typeof value.title === 'string' ? joined([value.title, ...found], ': ') : found[0]!);
}

function joined(reasons: readonly string[], separator = '; '): string {
  return [...new Set(reasons.filter((reason) => reason !== ''))].join(separator);
}

// C0, DEL, C1, and the characters that reorder or hide what surrounds them.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g;

/** Messages end up in terminals, logs and histories. */
export function oneLine(text: string): string {
  return text
    .slice(0, 4 * longestReason)
    .replaceAll(unprintable, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()
    .slice(0, longestReason)
    .replaceAll(/\p{Surrogate}/gu, '?');
}

/** A year: no host means a larger number of seconds. */
const longestDelayMs = 366 * 24 * 3600 * 1000;

/**
 * Retry-After as seconds or as an HTTP date, in milliseconds, at most a year. Undefined for "now" and for anything
 * else: then the retry policy's own pause applies.
 */
export function retryAfterMs(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after')?.trim();
  if (value === undefined) return undefined;
  const seconds = Number(value);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return milliseconds > 0 ? Math.min(Math.ceil(milliseconds), longestDelayMs) : undefined;
}

/** The messages of an error and of what caused it: what broke (ECONNREFUSED) stands deepest. */
export function causesOf(error: unknown): string {
  // If several addresses of a name were tried, there is a code and no message.
  return chainOf(error)
    .map(({ message, code }) => textOf(message) || textOf(code))
    .join(' ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An error and its causes; stops at a cycle. */
export function chainOf(error: unknown): Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = [];
  for (let each = error; isObject(each) && !chain.includes(each); each = each.cause) chain.push(each);
  return chain;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
