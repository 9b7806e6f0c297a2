/** Ports that no other program takes by chance between their choice and their use. */
import { createServer, type Server } from 'node:net';
import { choosePorts, usualPorts, type ChosenPorts } from '../../../src/machine/supervision/ports';

const servers: Server[] = [];
const chosen: ChosenPorts[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const { release } of chosen.splice(0)) release();
});

test('ports in place of those that are taken lie below what systems give to outgoing connections, and differ', async () => {
  const taken = await Promise.all(Object.keys(usualPorts).map(listen));
  const remembered = { temporal: taken[0]!, temporalUi: taken[1]!, modelServer: taken[2]! };
  for (const _ of [1, 2, 3]) chosen.push(await choosePorts({ remembered }));
  const replaced = chosen.flatMap(({ ports }) => Object.values(ports)).filter((port) => !isUsual(port));
  expect(new Set(replaced).size).toBe(replaced.length);
  expect(replaced.length).toBeGreaterThanOrEqual(6);
  expect(replaced.filter((port) => port < 15_000 || port >= 32_000)).toEqual([]);
});

function isUsual(port: number): boolean {
  return Object.values(usualPorts).some((usual) => usual === port);
}

function listen(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    servers.push(server);
  });
}
