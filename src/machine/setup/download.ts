/** Downloads a file from a public address, through the environment's proxy if it names one. */
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, Agent, fetch, type Dispatcher, type Response } from 'undici';
import { ConfigError } from '../../errors';
import { formatBytes, type SetupListener } from './progress';

const connectTimeoutMs = 10_000;
/** A transfer that stands still this long has died. */
const stallTimeoutMs = 30_000;

/** Throws `ConfigError` with the reason if the download fails; a full or read-only disk keeps its own error. */
export async function download(url: string, file: string, say: SetupListener): Promise<void> {
  try {
    await save(await request(url), file, say);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EROFS' || code === 'EACCES') throw error;
    throw new ConfigError(`not reachable (${reasonOf(error)})`);
  }
}

async function request(url: string): Promise<Response> {
  const dispatcher = proxyAware();
  const response = await fetch(url, { dispatcher, redirect: 'follow' });
  if (!response.ok || response.body === null) throw new ConfigError(`it answered with status ${response.status}`);
  return response;
}

async function save(response: Response, file: string, say: SetupListener): Promise<void> {
  const total = Number(response.headers.get('content-length') ?? 0);
  let received = 0;
  let saidAt = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      if (Date.now() - saidAt > 1_000) {
        saidAt = Date.now();
        say(`${formatBytes(received)}${total > 0 ? ` of ${formatBytes(total)}` : ''}`, { transient: true });
      }
      done(undefined, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body! as never), counter, createWriteStream(file));
}

/** Node's fetch ignores the proxy variables that pip, curl and npm honour. */
function proxyAware(): Dispatcher {
  const options = {
    connect: { timeout: connectTimeoutMs },
    headersTimeout: stallTimeoutMs,
    bodyTimeout: stallTimeoutMs,
  };
  const proxied = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => process.env[name]);
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}

function reasonOf(error: unknown): string {
  const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? (error as Error).message;
}

/** PyTorch's own index of CPU-only wheels: 200 MB instead of the 3 GB of CUDA libraries that the usual Linux wheel brings. */
export const torchCpuIndex = 'https://download.pytorch.org/whl/cpu';

/** Temporal's official download of its CLI; `/v<version>?platform=…&arch=…` answers a tar.gz. */
export const temporalDownload = 'https://temporal.download/cli/archive';
