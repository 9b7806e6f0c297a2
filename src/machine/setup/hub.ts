/** Models of the Hugging Face Hub, fetched into its own cache by its own client (`python -m maft.hub`). */
import { z } from 'zod';
import { hubRevision } from '../../domain/hub-names';
import { ConfigError } from '../../errors';
import { noSecretBut } from '../child-environment';
import { maftEnvironment, maftModule } from '../python-start';
import { withUsersUmask } from '../umask';
import { runCommand } from './command';
import { formatBytes, withProgress, type SetupListener } from './progress';

/** What fetching needs; `HF_TOKEN` and the Hub's other variables come from the environment. */
export interface Fetching {
  python: string;
  listener: SetupListener;
  signal?: AbortSignal | undefined;
  /** Only what is in the cache: nothing is asked, as under `HF_HUB_OFFLINE=1`. */
  offline?: boolean | undefined;
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
  z.object({ event: z.literal('config'), config: z.record(z.string(), z.unknown()) }),
  z.object({ event: z.literal('folder'), folder: z.string(), commit: z.string() }),
]);

type HubEvent = z.infer<typeof eventSchema>;

/** Says licence and size before it downloads. Throws `ConfigError` with the reason and what to do. */
export async function fetchFromHub(base: string, { python, listener, signal, offline }: Fetching): Promise<Snapshot> {
  const name = askedName(base);
  return withProgress(listener, `Finding ${name} on the Hugging Face Hub`, async (say) => {
    let [bytes, told] = [0, 0];
    let found: Snapshot | undefined;
    const onEvent = (event: HubEvent) => {
      if (event.event === 'found') {
        bytes = event.bytes;
        const license = event.license ?? 'not stated';
        say(
          `${formatBytes(bytes)} in ${event.files} files, licence ${license}, commit ${event.commit}; into ${event.cache}`,
        );
      }
      // Twenty lines at most where nothing overwrites them.
      if (event.event === 'progress' && event.bytes > told + bytes / 20) {
        told = event.bytes;
        say(`${formatBytes(told)} of ${formatBytes(bytes)}`, { transient: true });
      }
      if (event.event === 'offline') say(`the Hub: ${event.reason}; using the copy here, commit ${event.commit}`);
      if (event.event === 'folder') found = event;
    };
    await askHub([name], { python, signal, offline, onEvent });
    if (found !== undefined) return found;
    throw new ConfigError(`fetching ${name} from the Hugging Face Hub ended without a folder`);
  });
}

/** The model's `config.json` alone, from the cache or the Hub. Throws as `fetchFromHub`. */
export async function configFromHub(base: string, python: string): Promise<Record<string, unknown>> {
  let config: Record<string, unknown> | undefined;
  const onEvent = (event: HubEvent) => {
    if (event.event === 'config') config = event.config;
  };
  await askHub(['--config', askedName(base)], { python, onEvent });
  if (config !== undefined) return config;
  throw new ConfigError(`asking the Hugging Face Hub for the configuration of ${base} ended without one`);
}

function askedName(base: string): string {
  const { repository, revision } = hubRevision(base);
  return revision === undefined ? repository : `${repository}@${revision}`;
}

/** Undefined for the guard's own line, for warnings, and for a line that the end of the program tore. */
function eventIn(line: string): HubEvent | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function askHub(
  what: string[],
  {
    python,
    signal,
    offline,
    onEvent,
  }: Pick<Fetching, 'python' | 'signal' | 'offline'> & {
    onEvent: (event: HubEvent) => void;
  },
): Promise<void> {
  const onLine = (line: string) => {
    const event = eventIn(line);
    if (event !== undefined) onEvent(event);
  };
  const cacheOnly = offline === true ? { HF_HUB_OFFLINE: '1' } : {};
  const environment = { ...noSecretBut('HF_TOKEN', process.env), ...maftEnvironment(), ...cacheOnly };
  const options = { environment, guarded: true, onLine, ...(signal ? { signal } : {}) };
  // The cache belongs to all of the user's programs, not to this one.
  const asked = withUsersUmask(() => runCommand(python, maftModule('maft.hub', what), options));
  const { exitCode, output, startError } = await asked;
  signal?.throwIfAborted();
  if (exitCode === 0) return;
  const said = output.trim().split('\n').at(-1);
  throw new ConfigError(startError ?? (said || `asking the Hugging Face Hub for ${what.at(-1)} ended without a word`));
}
