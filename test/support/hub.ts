/** The part of the Hugging Face Hub's API that its client calls to fetch a model, on loopback, with the faults a test wants. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubModel {
  /** Files by commit; `main` is the last one. */
  commits: Map<string, Record<string, Buffer>>;
  license?: string | string[];
  /** A token that may read it; everybody else is told that it is gated. */
  gatedFor?: string;
}

export interface Hub {
  url: string;
  models: Map<string, HubModel>;
  /** `METHOD path` of every request, with its range if it has one. */
  asked: string[];
  authorizations: Set<string>;
  /** Bytes after which the next downloads of weights are cut off, one each. */
  cuts: number[];
  /** What every request is answered with instead, if set. */
  status?: number;
  /** Adds a commit, which `main` then names. */
  commit: (model: string, files: Record<string, Buffer>) => string;
  close: () => Promise<void>;
}

export async function startHub(): Promise<Hub> {
  const hub: Omit<Hub, 'url'> = {
    models: new Map(),
    asked: [],
    authorizations: new Set(),
    cuts: [],
    commit(model, files) {
      const sha = createHash('sha1').update(JSON.stringify(files)).update(String(hub.models.size)).digest('hex');
      const known = hub.models.get(model) ?? { commits: new Map(), license: 'apache-2.0' };
      known.commits.delete(sha);
      known.commits.set(sha, files);
      hub.models.set(model, known);
      return sha;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => answer(hub, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(hub, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function answer(hub: Omit<Hub, 'url'>, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(request.url ?? '');
  const { authorization } = request.headers;
  hub.asked.push([request.method, path, request.headers.range].filter((part) => part !== undefined).join(' '));
  if (authorization !== undefined) hub.authorizations.add(authorization);
  if (hub.status !== undefined) return refuse(response, hub.status, 'Down');
  const [, api, owner, name, kind, rest = ''] =
    /^(\/api\/models)?\/([^/]+)\/([^/?]+)(?:\/(revision|tree|resolve)\/([^?]*))?/.exec(path) ?? [];
  const model = hub.models.get(`${owner}/${name}`);
  if (model === undefined) return refuse(response, 401, 'RepoNotFound');
  const slash = rest.indexOf('/');
  const revision = kind === 'resolve' ? rest.slice(0, slash) : rest || 'main';
  const sha = revision === 'main' ? [...model.commits.keys()].at(-1) : revision;
  const files = model.commits.get(sha ?? '');
  if (files === undefined) return refuse(response, 404, 'RevisionNotFound');
  if (api !== undefined)
    return tell(response, kind === 'tree' ? tree(files) : info(`${owner}/${name}`, model, sha!, files));
  if (model.gatedFor !== undefined && authorization !== `Bearer ${model.gatedFor}`)
    return refuse(response, authorization === undefined ? 401 : 403, 'GatedRepo');
  const file = files[rest.slice(slash + 1)];
  if (file === undefined) return refuse(response, 404, 'EntryNotFound');
  const headers = { etag: `"${sha1(file)}"`, 'x-repo-commit': sha!, 'accept-ranges': 'bytes' };
  send(hub, { request, response, file, headers });
}

function send(
  hub: Pick<Hub, 'cuts'>,
  {
    request,
    response,
    file,
    headers,
  }: { request: IncomingMessage; response: ServerResponse; file: Buffer; headers: object },
): void {
  const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const part = file.subarray(from);
  const range = from > 0 ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { ...headers, ...range, 'content-length': part.length });
  if (request.method === 'HEAD') return void response.end();
  const cut = request.url?.endsWith('.safetensors') ? hub.cuts.shift() : undefined;
  if (cut === undefined) return void response.end(part);
  response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 50));
}

function info(id: string, { license }: HubModel, sha: string, files: Record<string, Buffer>): object {
  const siblings = Object.entries(files).map(([rfilename, file]) => ({ rfilename, size: file.length }));
  return { id, sha, siblings, tags: [], ...(license === undefined ? {} : { cardData: { license } }) };
}

function tree(files: Record<string, Buffer>): object {
  return Object.entries(files).map(([path, file]) => ({ type: 'file', path, size: file.length, oid: sha1(file) }));
}

function tell(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code }).end();
}

function sha1(file: Buffer): string {
  return createHash('sha1').update(file).digest('hex');
}
