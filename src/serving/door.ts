/**
 * The HTTP side of `maft serve`: `/v1/chat/completions`, `/v1/models` and `/health`, as the `openai` client and programs that
 * use it expect them. It knows nothing of societies but that they answer questions.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ProviderError } from '../errors';
import type { SocietyAnswer } from '../runs/ask-society';
import { readChatRequest, RefusedRequest, type ChatQuestion } from './chat-request';
import { chatChunks, chatCompletion, chunk, type ChatHead } from './chat-response';

export interface DoorOptions {
  /** The model name that is served. */
  name: string;
  /** Requests that are answered at the same time; more are refused with 429. */
  mostRequests: number;
  /** Bearer token that requests must carry; undefined: none. */
  apiKey?: string | undefined;
  /** Names beside localhost and addresses by which requests may call this server; a browser can be led to it by others. */
  hosts: readonly string[];
  answer: (question: ChatQuestion, during: During) => Promise<SocietyAnswer>;
  /** Told of errors that are not the request's. */
  say: (message: string) => void;
}

export interface During {
  /** Aborted when the client goes away or the server ends. */
  signal: AbortSignal;
  onRound: (round: number) => void;
}

const longestBody = 1024 * 1024;

/** Not listening yet. `ending` aborts what is being answered. */
export function createDoor(options: DoorOptions, ending: AbortSignal): Server {
  let open = 0;
  return createServer((request, response) => {
    void respond(request, response).catch((error: unknown) => sendError(response, error, options.say));
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    refuseStrangeHosts(request, options.hosts);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET' && pathname === '/health') return sendJson(response, 200, { status: 'ok' });
    refuseWithoutKey(request, options.apiKey);
    const model = { id: options.name, object: 'model', created: 0, owned_by: 'multiagent-finetuning' };
    if (request.method === 'GET' && pathname === '/v1/models')
      return sendJson(response, 200, { object: 'list', data: [model] });
    if (request.method === 'GET' && pathname === `/v1/models/${options.name}`) return sendJson(response, 200, model);
    if (request.method !== 'POST' || pathname !== '/v1/chat/completions') {
      throw new RefusedRequest(
        404,
        `${request.method} ${pathname} is not served: POST /v1/chat/completions, GET /v1/models`,
      );
    }
    const asked = readChatRequest(await bodyOf(request), options.name);
    if (open >= options.mostRequests) {
      response.setHeader('retry-after', '1');
      throw new RefusedRequest(429, `${open} requests are being answered, as many as this server takes`);
    }
    open += 1;
    try {
      await answer(asked, response);
    } finally {
      open -= 1;
    }
  }

  async function answer(asked: ChatQuestion, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client went away')));
    const signal = AbortSignal.any([gone.signal, ending]);
    const head = { id: `chatcmpl-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1000), model: options.name };
    if (asked.stream) return stream(asked, { head, response, signal });
    const found = await options.answer(asked, { signal, onRound: () => undefined });
    sendJson(response, 200, chatCompletion(head, found, asked));
  }

  /** The text comes in one piece, because nobody knows which response wins before the vote; rounds are said in comments. */
  async function stream(
    asked: ChatQuestion,
    { head, response, signal }: { head: ChatHead; response: ServerResponse; signal: AbortSignal },
  ): Promise<void> {
    const send = (event: object) => response.write(`data: ${JSON.stringify(event)}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    send(chunk(head, { role: 'assistant', content: '' }));
    try {
      const onRound = (round: number) => response.write(`: round ${round} has ended\n\n`);
      const found = await options.answer(asked, { signal, onRound });
      chatChunks(head, found, asked).forEach(send);
      response.end('data: [DONE]\n\n');
    } catch (error) {
      // The status has been sent: the client reads the error from the stream.
      const { status: _, ...told } = errorOf(error, options.say);
      send(told);
      response.end();
    }
  }
}

function refuseStrangeHosts({ headers: { host = '' } }: IncomingMessage, hosts: readonly string[]): void {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const isAddress = /^(\d+\.){3}\d+$|^\[[0-9a-f:.]+\]$/.test(name);
  if (isAddress || name === 'localhost' || hosts.includes(name)) return;
  throw new RefusedRequest(
    403,
    `this server is not called ${JSON.stringify(name)}: start it with --allow-host ${name}`,
  );
}

function refuseWithoutKey({ headers: { authorization = '' } }: IncomingMessage, key: string | undefined): void {
  if (key === undefined) return;
  const [given, wanted] = [Buffer.from(authorization), Buffer.from(`Bearer ${key}`)];
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new RefusedRequest(401, 'the API key is missing or wrong');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  // A page of another site may send plain text without asking; JSON it may not.
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    throw new RefusedRequest(415, 'the content type must be application/json');
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > longestBody) throw new RefusedRequest(413, `the body is longer than ${longestBody} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(content));
}

function sendError(response: ServerResponse, error: unknown, say: DoorOptions['say']): void {
  if (response.destroyed) return;
  const { status, ...told } = errorOf(error, say);
  if (error instanceof ProviderError && error.retryAfterMs !== undefined) {
    response.setHeader('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  }
  // The rest of a body that was not read would be taken for the next request.
  response.setHeader('connection', 'close');
  sendJson(response, status, told);
}

function errorOf(error: unknown, say: DoorOptions['say']) {
  if (error instanceof RefusedRequest) {
    const { status, message, parameter } = error;
    return { status, error: { message, type: 'invalid_request_error', param: parameter, code: null } };
  }
  if (error instanceof ProviderError) {
    say(`a question was not answered: ${error.message}`);
    const status = error.retryable ? 503 : 502;
    return { status, error: { message: error.message, type: 'upstream_error', param: null, code: null } };
  }
  const isEnding = error instanceof Error && error.name === 'AbortError';
  if (!isEnding)
    say(`a question was not answered: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const message = isEnding ? 'the server is ending' : 'this server failed; its log says why';
  return { status: isEnding ? 503 : 500, error: { message, type: 'server_error', param: null, code: null } };
}
