/** How an endpoint is reached: proxies, redirects, and how long an answer may take from its first byte on. */
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { askedEndpoint, type AskedEndpoint } from '../support/asked-endpoint';
import { completionBody, json, raw, startLocalEndpoint, type Answer } from '../support/local-endpoint';
import { until } from '../support/until';

let endpoint: AskedEndpoint;
beforeAll(async () => {
  endpoint = await askedEndpoint();
});
afterAll(() => endpoint.close());
beforeEach(() => {
  endpoint.server.received.length = 0;
  endpoint.server.answer = json(200, completionBody('36 #36'));
});

describe('with a proxy in the environment', () => {
  let proxy: Server;
  let address: string;
  const asked: string[] = [];

  beforeAll(async () => {
    const { port } = new URL(endpoint.server.baseUrl);
    // Knows one host only: every name leads to the local endpoint.
    proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const upstream = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  beforeEach(() => void asked.splice(0));

  const baseUrl = 'http://models.invalid/v1';

  test.each([
    ['HTTP_PROXY', 'http://'],
    ['http_proxy', 'http://'],
    ['HTTP_PROXY', ''],
  ])('%s=%s… is honoured', async (name, scheme) => {
    const environment = { [name]: `${scheme}${address}` };
    expect((await endpoint.complete({ baseUrl, environment })).text).toBe('36 #36');
    expect(asked).toEqual(['models.invalid:80']);
  });

  test.each([['models.invalid'], ['.invalid'], ['invalid'], ['*'], ['other, models.invalid:80']])(
    'NO_PROXY=%s is honoured: the host is asked itself, and is not there',
    async (noProxy) => {
      const environment = { HTTP_PROXY: `http://${address}`, NO_PROXY: noProxy };
      expect(await endpoint.failure({ baseUrl, environment })).toMatchObject({ unreachable: true });
      expect(asked).toEqual([]);
    },
  );

  test('loopback never goes through it', async () => {
    await endpoint.complete({ environment: { HTTP_PROXY: `http://${address}` } });
    expect({ asked, received: endpoint.server.received.length }).toEqual({ asked: [], received: 1 });
  });

  test('an address that is none is a sentence that does not repeat it', async () => {
    const environment = { HTTP_PROXY: 'socks5://user:secret@proxy:1080' };
    const failure: unknown = await endpoint.complete({ baseUrl, environment }).catch((error: unknown) => error);
    expect(String(failure)).toContain('HTTP_PROXY is not the address of a proxy');
    expect(String(failure)).not.toContain('secret');
  });
});

describe('a redirect', () => {
  test.each([301, 302, 307, 308])(
    '%i to another origin is not followed: neither key nor prompt leave',
    async (status) => {
      const elsewhere = await startLocalEndpoint();
      try {
        endpoint.server.answer = raw(status, 'text/plain', '', { location: `${elsewhere.baseUrl}/chat/completions` });
        const failure = await endpoint.failure();
        expect(failure).toMatchObject({ isOutage: true, retryable: false });
        expect(failure.message).toContain(`redirects to ${new URL(elsewhere.baseUrl).origin}`);
        expect(elsewhere.received).toEqual([]);
      } finally {
        await elsewhere.close();
      }
    },
  );

  test('307 within the origin is followed with the whole request', async () => {
    const answer: Answer = (received, response) =>
      received.path.endsWith('/')
        ? json(200, completionBody('36 #36'))(received, response)
        : raw(307, 'text/plain', '', { location: `${received.path}/` })(received, response);
    endpoint.server.answer = answer;
    expect((await endpoint.complete()).text).toBe('36 #36');
    expect(endpoint.server.received.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions/']);
    expect(endpoint.server.received[1]?.body).toEqual(endpoint.server.received[0]?.body);
  });

  test('one that never ends is given up', async () => {
    endpoint.server.answer = raw(307, 'text/plain', '', { location: '/v1/chat/completions' });
    expect(await endpoint.failure()).toMatchObject({ isOutage: true });
    expect(endpoint.server.received).toHaveLength(4);
  });
});

describe('an endpoint that drips bytes', () => {
  const dripping =
    (status: number): Answer =>
    (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    };

  test('is cut in proportion to what was asked, counted from its first byte', async () => {
    endpoint.server.answer = dripping(200);
    const failure = await endpoint.failure({ patience: { baseMs: 4, perTokenMs: 1 } });
    expect(failure).toMatchObject({ retryable: true, unreachable: true });
    expect(failure.message).toContain('began to answer and did not end within 100 ms');
  });

  test('is cut at the timeout of the whole completion at the latest', async () => {
    endpoint.server.answer = dripping(200);
    // Long enough for the first byte to come on a busy machine.
    expect((await endpoint.failure({ timeoutMs: 2_000 })).message).toContain('gave no whole answer within 2000 ms');
  });

  test('with a refusal is cut as well', async () => {
    endpoint.server.answer = dripping(500);
    expect(await endpoint.failure({ timeoutMs: 150 })).toMatchObject({ unreachable: true });
  });

  test('can be cancelled meanwhile, and the connection is closed', async () => {
    endpoint.server.answer = dripping(200);
    const controller = new AbortController();
    const abandoned = endpoint.server.abandoned();
    const outcome = endpoint.complete({}, controller.signal).catch((thrown: unknown) => thrown);
    await until(() => endpoint.server.received.length > 0);
    setTimeout(() => controller.abort(), 50);
    expect(await outcome).not.toHaveProperty('retryable');
    await abandoned;
  });
});
