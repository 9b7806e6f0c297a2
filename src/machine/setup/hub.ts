/** Models of the Hugging Face Hub, fetched into its own cache by its own client (`python -m maft.hub`). */
import { z } from 'zod';
import { hubRevision } from '../../domain/hub-names';
import { ConfigError } from '../../errors';
import { maftEnvironment, maftModule } from '../python-start';
import { withUsersUmask } from '../umask';
import { runCommand } from './command';
import { formatBytes, withProgress, type SetupListener } from './progress';

/** What fetching needs; `HF_TOKEN` and the Hub's other variables come from the environment. */
export interface Fetching {
  python: string;
  listener: SetupListener;
  signal?: AbortSignal;
}

export interface Snapshot {
  /** Absolute; the files are links into the cache. */
  folder: string;
  /** 40 hex digits. */
  commit: string;
}

const eventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('found'),
    commit: z.string(),
    license: z.string().nullable(),
    /** Of the files that are missing in `cache`. */
    bytes: z.int(),
    files: z.int(),
    cache: z.string(),
  }),
  z.object({ event: z.literal('progress'), bytes: z.int() }),
  /** The Hub did not answer, and an earlier copy is used. */
  z.object({ event: z.literal('offline'), commit: z.string(), reason: z.string() }),
  z.object({ event: z.literal('folder'), folder: z.string(), commit: z.string() }),
]);

/** Says licence and size before it downloads. Throws `ConfigError` with the reason and what to do. */
export async function fetchFromHub(base: string, { python, listener, signal }: Fetching): Promise<Snapshot> {
  const { repository, revision } = hubRevision(base);
  const name = revision === undefined ? repository : `${repository}@${revision}`;
  return withProgress(listener, `Finding ${name} on the Hugging Face Hub`, async (say) => {
    let [bytes, told] = [0, 0];
    let found: Snapshot | undefined;
    const onLine = (line: string) => {
      const event = eventOf(line);
      if (event?.event === 'found') {
        bytes = event.bytes;
        const license = event.license ?? 'not stated';
        say(
          `${formatBytes(bytes)} in ${event.files} files, licence ${license}, commit ${event.commit}; into ${event.cache}`,
        );
      }
      // Twenty lines at most where nothing overwrites them.
      if (event?.event === 'progress' && event.bytes > told + bytes / 20) {
        told = event.bytes;
        say(`${formatBytes(told)} of ${formatBytes(bytes)}`, { transient: true });
      }
      if (event?.event === 'offline') say(`the Hub: ${event.reason}; using the copy here, commit ${event.commit}`);
      if (event?.event === 'folder') found = event;
    };
    const options = { environment: maftEnvironment(), guarded: true, onLine, ...(signal ? { signal } : {}) };
    // The cache belongs to all of the user's programs, not to this one.
    const fetched = withUsersUmask(() => runCommand(python, maftModule('maft.hub', [name]), options));
    const { exitCode, output, startError } = await fetched;
    signal?.throwIfAborted();
    if (exitCode === 0 && found !== undefined) return found;
    const said = output.trim().split('\n').at(-1);
    throw new ConfigError(startError ?? (said || `fetching ${name} from the Hugging Face Hub ended without a word`));
  });
}

function eventOf(line: string): z.infer<typeof eventSchema> | undefined {
  if (!line.startsWith('{"event"')) return undefined;
  return eventSchema.safeParse(JSON.parse(line)).data;
}
