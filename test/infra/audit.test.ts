/** `npm run audit` with the real npm and a local HTTP server as npm's registry and as OSV. */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import path from 'node:path';
import { repositoryRoot } from '../../src/machine/paths';

interface Query {
  package: { name: string };
  version: string;
}

/** Name of a package that the registries know something about; undefined: they have no audit endpoint. */
let vulnerable: { npm?: string; python?: string } | undefined;
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (vulnerable === undefined) return void response.writeHead(405).end();
      const bytes = Buffer.concat(chunks);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      response.setHeader('content-type', 'application/json');
      if (request.method === 'GET') return void response.end(JSON.stringify(packageOf(request.url!.slice(1))));
      response.end(JSON.stringify(request.url === '/v1/querybatch' ? ofOsv(body) : ofNpm(body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

/** What npm asks of a vulnerable package itself: which versions there are. */
function packageOf(name: string): object {
  const version = '6.29.1';
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } };
}

function ofOsv(body: string): object {
  const { queries } = JSON.parse(body) as { queries: Query[] };
  return {
    results: queries.map((each) => (each.package.name === vulnerable?.python ? { vulns: [{ id: 'X-1' }] } : {})),
  };
}

function ofNpm(body: string): object {
  const name = vulnerable?.npm;
  if (name === undefined || !(name in (JSON.parse(body) as object))) return {};
  const advisory = { id: 1, url: 'https://example.com/1', title: 'a hole', severity: 'high', vulnerable_versions: '*' };
  return { [name]: [advisory] };
}

function audit(registry = address): Promise<{ code: number; stdout: string }> {
  const script = path.join(repositoryRoot(), 'infra', 'audit.mjs');
  const env = { ...process.env, npm_config_registry: registry, npm_config_fetch_retries: '0', NO_PROXY: '*' };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, registry], { env }, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });
}

test('what is found is named, and is exit code 1', async () => {
  vulnerable = { npm: 'undici', python: 'torch' };
  const { code, stdout } = await audit();
  expect(code).toBe(1);
  expect(stdout).toMatch(/^npm, .*: \d+ found$/m);
  expect(stdout).toMatch(/undici \*: high: a hole \(https:\/\/example\.com\/1\)/);
  expect(stdout).toMatch(/torch \d\S*: https:\/\/osv\.dev\/vulnerability\/X-1/);
});

test('where nothing is known it says so, and the code is 0', async () => {
  vulnerable = {};
  const { code, stdout } = await audit();
  expect({ code, stdout: stdout.trimEnd().split('\n') }).toEqual({
    code: 0,
    stdout: [
      'npm, production dependencies: no known vulnerability',
      'PyPI, python/requirements*.txt: no known vulnerability',
    ],
  });
});

test.each([
  ['have no audit endpoint', () => address, /405/],
  ['are out of reach', () => 'http://127.0.0.1:9', /ECONNREFUSED|bad port|failed/],
])(
  'registries that %s were not asked: it says so for each, with the reason, and finds nothing',
  async (_, at, reason) => {
    vulnerable = undefined;
    const { code, stdout } = await audit(at());
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatch(/: NOT ASKED: /);
      expect(line).toMatch(reason);
    }
  },
);
