/** Jest's global set-up: makes sure of the Temporal CLI and starts the server that all tests share. */
import { ensureTemporalCli } from '../../src/setup/temporal-cli';
import { addressVariable, startTemporalServer } from './temporal-server';

export default async function globalSetup(): Promise<void> {
  const binary = await ensureTemporalCli((line) => process.stderr.write(`${line}\n`));
  const { address, child } = await startTemporalServer(binary);
  process.env[addressVariable] = address;
  process.env.MAFT_TEST_TEMPORAL_CLI = binary;
  Object.assign(globalThis, { maftTestTemporalServer: child });
}
