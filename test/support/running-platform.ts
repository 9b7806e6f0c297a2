/** The state that a running `maft up` leaves for other commands, with this very process as the one that runs it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownIdentity } from '../../src/machine/supervision/process-identity';

/** @param state Addresses, and what else differs. */
export function writeRunningPlatform(maftHome: string, state: object): void {
  const what = {
    version: 1,
    command: 'up',
    owner: ownIdentity(),
    state: 'ready',
    temporalAddress: '127.0.0.1:7299',
    model: null,
    ports: {},
    children: [],
  };
  writeFileSync(join(maftHome, 'up.json'), JSON.stringify({ ...what, ...state }));
}
