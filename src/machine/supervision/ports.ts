/** Ports on loopback: the usual one, the one of last time, or any free one; each reserved against other platforms. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ConfigError } from '../../errors';
import { runtimeDirectory } from '../paths';
import { tryLock, type FileLock } from './file-lock';

export const loopback = '127.0.0.1';

/** The expected ports: Temporal's own defaults, and the model server's beside them. */
export const usualPorts = { temporal: 7233, temporalUi: 8233, modelServer: 8237 } as const;

export type PortName = keyof typeof usualPorts;
export type Ports = Record<PortName, number>;

export interface PortWishes {
  /** Ports the operator asked for in config.yaml; these are never replaced. */
  configured?: Partial<Ports>;
  /** Ports of the last platform on this MAFT_HOME: links and clients stay valid. */
  remembered?: Partial<Ports>;
}

export interface ChosenPorts {
  ports: Ports;
  /** One sentence for each usual port that is taken and was replaced. */
  notices: string[];
  /** Releases the reservations; call it once nothing of ours listens on the ports. */
  release(): void;
}

/**
 * Chooses three different free ports and reserves them for this process: servers take a while to listen, and a second
 * platform that starts meanwhile would find the ports free. Throws `ConfigError` if a configured port is taken; nothing is
 * reserved then.
 */
export async function choosePorts(wishes: PortWishes): Promise<ChosenPorts> {
  const ports = {} as Ports;
  const notices: string[] = [];
  const reservations = new Map<number, FileLock | undefined>();
  const release = () => reservations.forEach((lock) => lock?.release());
  try {
    for (const name of Object.keys(usualPorts) as PortName[]) {
      const port = await choosePort(name, wishes, reservations);
      ports[name] = port;
      const expected = wishes.configured?.[name] ?? wishes.remembered?.[name] ?? usualPorts[name];
      if (port !== expected) notices.push(`port ${expected} (${name}) is taken by another program: using ${port}`);
    }
  } catch (error) {
    release();
    throw error;
  }
  return { ports, notices, release };
}

/** Whether a server could listen on this loopback port now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function choosePort(
  name: PortName,
  wishes: PortWishes,
  reservations: Map<number, FileLock | undefined>,
): Promise<number> {
  const configured = wishes.configured?.[name];
  if (configured !== undefined) {
    if (await claim(configured, reservations)) return configured;
    throw new ConfigError(
      `port ${configured} (ports.${name} in config.yaml) is taken by another program: stop that program, name another port, or remove the setting to use any free one`,
    );
  }
  for (const port of [wishes.remembered?.[name], usualPorts[name]]) {
    if (port !== undefined && (await claim(port, reservations))) return port;
  }
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = randomPort();
    if (await claim(port, reservations)) return port;
  }
  throw new ConfigError(
    `no free port was found for ${name} in ${mostTries} tries: name one under \`ports\` in config.yaml`,
  );
}

const mostTries = 50;

/** Whether the port is free and now ours. */
async function claim(port: number, reservations: Map<number, FileLock | undefined>): Promise<boolean> {
  if (reservations.has(port)) return false;
  const reservation = reserve(port);
  if (reservation === 'taken') return false;
  if (await isPortFree(port)) {
    reservations.set(port, reservation);
    return true;
  }
  reservation?.release();
  return false;
}

/** Undefined if reservations cannot be written; the platform goes on without, because two rarely want the same free port. */
function reserve(port: number): FileLock | undefined | 'taken' {
  try {
    const attempt = tryLock(join(runtimeDirectory(), 'ports', `${port}.lock`));
    return 'lock' in attempt ? attempt.lock : 'taken';
  } catch {
    return undefined;
  }
}

/**
 * Below the range that systems take outgoing connections and "any port" from (Linux from 32768, macOS and Windows from
 * 49152): those of other programs, and of Temporal's own inner services, took a port between its choice and its use.
 */
export function randomPort(): number {
  return randomInt(15_000, 32_000);
}
