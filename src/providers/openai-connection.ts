/** How requests reach an endpoint: through which proxy, for how long, along which redirects. */
import {
  Agent,
  DecoratorHandler,
  EnvHttpProxyAgent,
  fetch as undiciFetch,
  Response,
  type Dispatcher,
  type RequestInit,
} from 'undici';
import { ConfigError, ProviderError } from '../errors';
import { reasonInText } from './openai-errors';

/** Waits of one request, milliseconds. */
export interface Deadlines {
  /** From when it is sent to the last byte of its answer. */
  wholeMs: number;
  /** From the first byte of the answer to its last. */
  answerMs: number;
}

type Handler = Dispatcher.DispatchHandlers;

/** The request timed out before its answer had arrived completely. */
export class DeadlineExceeded extends Error {}

/**
 * The pool of connections to one address.
 * @param environment HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case, as curl and pip honour them; loopback never
 * goes through a proxy. Throws `ConfigError` for a malformed proxy address.
 */
export function connectionPool(
  baseUrl: string,
  options: Agent.Options,
  environment: Record<string, string | undefined>,
): Dispatcher {
  const { protocol, hostname } = new URL(baseUrl);
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = environment[name.toLowerCase()] || environment[name];
  if (!proxy || isLoopback(hostname)) return new Agent(options);
  const noProxy = withSubdomains(environment.no_proxy ?? environment.NO_PROXY ?? '');
  // undici takes http:// and https:// proxies; curl also takes them without a scheme.
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  // The error leaves the address out: it may hold a password.
  if (!URL.canParse(address) || !/^https?:\/\//i.test(address)) {
    throw new ConfigError(
      `${name} is not the address of a proxy, such as http://proxy.example:3128; correct or unset it`,
    );
  }
  return new EnvHttpProxyAgent({ ...options, httpProxy: address, httpsProxy: address, noProxy });
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|\[::ffff:7f.*\]|0\.0\.0\.0)$/.test(hostname);
}

/** curl and pip read `example.com` as the domain and all below it; undici reads the name alone. */
function withSubdomains(noProxy: string): string {
  const entries = noProxy.split(/[,\s]+/).filter((entry) => entry !== '');
  if (entries.includes('*')) return '*';
  return entries.flatMap((entry) => (/^[.*[]/.test(entry) ? [entry] : [entry, `.${entry}`])).join(',');
}

/** The same connections, with deadlines on every request. A request that waits for a free connection is not yet sent. */
export function withDeadlines(pool: Dispatcher, deadlines: Deadlines): Dispatcher {
  return pool.compose((dispatch) => (options, handler) => dispatch(options, deadlineHandler(handler, deadlines)));
}

function deadlineHandler(handler: Handler, { wholeMs, answerMs }: Deadlines): Handler {
  let timer: NodeJS.Timeout | undefined;
  let abort: ((reason: Error) => void) | undefined;
  let endsAt = 0;
  const endAfter = (delayMs: number, what: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => abort?.(new DeadlineExceeded(what)), Math.max(0, delayMs));
  };
  const own: Handler = {
    onConnect(abortRequest) {
      abort = abortRequest;
      endsAt = performance.now() + wholeMs;
      endAfter(wholeMs, `gave no answer within ${wholeMs} ms`);
      handler.onConnect?.(abortRequest);
    },
    onHeaders(...head) {
      const left = endsAt - performance.now();
      if (answerMs < left) endAfter(answerMs, `began to answer and did not end within ${answerMs} ms`);
      else endAfter(left, `gave no whole answer within ${wholeMs} ms`);
      return handler.onHeaders?.(...head) ?? true;
    },
    onComplete(trailers) {
      clearTimeout(timer);
      handler.onComplete?.(trailers);
    },
    onError(error) {
      clearTimeout(timer);
      handler.onError?.(error);
    },
  };
  // The rest (data, upgrades) is handed on as it comes.
  return Object.assign(new DecoratorHandler(handler), own);
}

const mostRedirects = 3;

/** Of an answer, decompressed. Scores are the longest; the model server's own bounds keep them below half of it. */
const mostAnswerBytes = 64 * 2 ** 20;

/** Of a refusal's body; its reason stands at the beginning. */
const mostRefusalBytes = 64 * 1024;

/**
 * Fetches; follows redirects within the endpoint's own origin only, as key and prompts must not go elsewhere. A refusal
 * comes back as `{"error": {"message"}}`, whatever shape its body had.
 */
export async function fetchFrom(dispatcher: Dispatcher, url: string, init: RequestInit): Promise<Response> {
  let address = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const response = await undiciFetch(address.href, { dispatcher, ...init, redirect: 'manual' });
    if (response.ok) return bounded(response, address);
    if (response.status < 300 || response.status >= 400) return refusal(response);
    await response.body?.cancel();
    address = redirectedTo(response, { address, init, redirects });
  }
}

function redirectedTo(
  response: Response,
  { address, init, redirects }: { address: URL; init: RequestInit; redirects: number },
): URL {
  const location = response.headers.get('location');
  const target = location !== null && URL.canParse(location, address.href) ? new URL(location, address) : undefined;
  // 301 to 303 would turn a POST into a GET.
  const keepsMethod = response.status === 307 || response.status === 308 || init.method?.toUpperCase() === 'GET';
  if (target?.origin === address.origin && keepsMethod && redirects < mostRedirects) return target;
  const where = target === undefined ? 'nowhere' : target.origin === address.origin ? target.pathname : target.origin;
  throw new ProviderError(
    `${address.origin}${address.pathname} redirects to ${where} (HTTP ${response.status}), which is not followed: key and ` +
      'prompts go to the configured address only. If that is the right one, write it as baseUrl into config.yaml',
    { status: response.status, retryable: false, isOutage: true },
  );
}

/** Ends in an error above the limit: for an endpoint that never stops writing, or a huge compressed answer. */
function bounded(response: Response, { origin, pathname }: URL): Response {
  if (response.body === null) return response;
  let bytes = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes <= mostAnswerBytes) return controller.enqueue(chunk);
      const said = `${origin}${pathname} answered with more than ${mostAnswerBytes / 2 ** 20} MB, which is not read on`;
      controller.error(new ProviderError(said, { retryable: true }));
    },
  });
  const { status, statusText, headers } = response;
  return new Response((response.body as ReadableStream<Uint8Array>).pipeThrough(counted), {
    status,
    statusText,
    headers,
  });
}

async function refusal(response: Response): Promise<Response> {
  const message = reasonInText(await beginningOf(response)) || 'no reason given';
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const name of ['retry-after', 'x-request-id']) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(JSON.stringify({ error: { message } }), { status: response.status, headers: [...headers] });
}

async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).byteLength;
    if (size >= mostRefusalBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostRefusalBytes).toString('utf8');
}
