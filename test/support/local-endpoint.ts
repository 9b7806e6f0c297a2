/** A real HTTP server on loopback that plays a model endpoint: it answers as told and remembers what it was sent. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed JSON body; undefined where there is none. */
  body: Record<string, unknown> | undefined;
}

export type Answer = (request: ReceivedRequest, response: ServerResponse) => void;

export interface LocalEndpoint {
  baseUrl: string;
  received: ReceivedRequest[];
  /** How every request is answered from now on. */
  answer: Answer;
  /** Resolves with the next connection that the client closes before it was answered. */
  abandoned: () => Promise<void>;
  close: () => Promise<void>;
}

export async function startLocalEndpoint(): Promise<LocalEndpoint> {
  const waiting: (() => void)[] = [];
  const endpoint: Omit<LocalEndpoint, 'baseUrl'> = {
    received: [],
    answer: json(200, completionBody()),
    abandoned: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) waiting.splice(0).forEach((resolve) => resolve());
    });
    void read(request).then((received) => {
      endpoint.received.push(received);
      endpoint.answer(received, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(endpoint, { baseUrl: `http://127.0.0.1:${port}/v1` });
}

async function read(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const body = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
  return { path: request.url ?? '', headers: request.headers, body };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return raw(status, 'application/json', JSON.stringify(body), headers);
}

export function raw(status: number, contentType: string, text: string, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text), ...headers });
    response.end(text);
  };
}

/** Never answers. */
export const hang: Answer = () => undefined;

/** Sends the head and the beginning of a body, then what `then` does with the connection. */
export function partialBody(then: (response: ServerResponse) => void): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 5_000 });
    response.write('{"choices":[{"message":{"content":"2*7', () => then(response));
  };
}

export function completionBody(content: string | null = '2*7=14 #14', finishReason = 'stop'): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }],
    usage: { prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 },
  };
}
