/** The artifact store that this machine is configured with. */
import type { MachineConfig } from './config';
import { ConfigError } from '../errors';
import { FileArtifactStore } from '../artifacts/file-store';

/** Creates nothing. Throws `ConfigError` for a store that is not a folder. */
export function openStore({ store }: Pick<MachineConfig, 'store'>): FileArtifactStore {
  if (!store.includes('://')) return new FileArtifactStore(store);
  throw new ConfigError(`MAFT_STORE is "${store}": only folders of a file system are supported so far`);
}
