/** Ports on loopback: the usual one, the one of last time, or any free one. */
import { createServer } from 'node:net';
import { ConfigError } from '../errors';

export const loopback = '127.0.0.1';

/** Where people expect things: Temporal's own defaults, and the model server beside them. */
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
  /** One sentence for each port that is not the usual one because that is taken. */
  notices: string[];
}

/** Chooses three different free ports. Throws `ConfigError` where a configured one is taken. */
export async function choosePorts(wishes: PortWishes): Promise<ChosenPorts> {
  const ports = {} as Ports;
  const notices: string[] = [];
  const taken = new Set<number>();
  for (const name of Object.keys(usualPorts) as PortName[]) {
    const port = await choosePort(name, wishes, taken);
    taken.add(port);
    ports[name] = port;
    const expected = wishes.configured?.[name] ?? wishes.remembered?.[name] ?? usualPorts[name];
    if (port !== expected) notices.push(`port ${expected} (${name}) is taken by another program: using ${port}`);
  }
  return { ports, notices };
}

/** Whether a server could listen on this loopback port now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function choosePort(name: PortName, wishes: PortWishes, taken: Set<number>): Promise<number> {
  const configured = wishes.configured?.[name];
  if (configured !== undefined) {
    if (!taken.has(configured) && (await isPortFree(configured))) return configured;
    throw new ConfigError(
      `port ${configured} (ports.${name} in config.yaml) is taken by another program: stop that program, name another port, or remove the setting to use any free one`,
    );
  }
  const candidates = [wishes.remembered?.[name], usualPorts[name]];
  for (const port of candidates) {
    if (port !== undefined && !taken.has(port) && (await isPortFree(port))) return port;
  }
  return anyFreePort();
}

function anyFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: loopback }, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
