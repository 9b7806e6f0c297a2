/**
 * This machine's configuration: environment and `$MAFT_HOME/config.yaml`, read once, as one typed value. The environment
 * wins if both set a value; keys come from the environment only. `.env.example` documents every variable.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import type { Prices } from '../contract/comparison';
import { ConfigError } from '../errors';
import { engines, ownEngine, type EngineName } from './engine-names';
import { dataDirectory, maftHome, storeRoot } from './paths';
import { temporalProfile } from './temporal-profile';

/** Longest time of one attempt of a turn: its start-to-close timeout in `workflows/activity-proxies.ts`. */
const turnMinutes = 30;

/** A turn is up to two calls, a summary and a response, one after the other. */
const longestTimeoutSeconds = (turnMinutes * 60) / 2;

const port = z.int().min(1).max(65_535);
const count = z.int().min(1);

/** The given parts of an address, joined; empty if it has none of them. */
function partsBeside(address: string, parts: ('username' | 'password' | 'search' | 'hash')[]): string {
  // Malformed addresses were rejected by the previous rule.
  if (!URL.canParse(address)) return '';
  const url = new URL(address);
  return parts.map((part) => url[part]).join('');
}

/** Errors do not repeat the address, because it may hold a password. */
const httpAddress = z
  .url({ protocol: /^https?$/ })
  .refine(
    (url) => partsBeside(url, ['username', 'password']) === '',
    'must hold no user or password: a key goes into the environment, and apiKeyEnv names the variable',
  )
  .refine(
    (url) => partsBeside(url, ['search', 'hash']) === '',
    'must end with its path, without "?" and "#": "/chat/completions" is appended to it',
  );

const pricesSchema = z.strictObject({
  promptPerMillion: z.number().min(0),
  completionPerMillion: z.number().min(0),
  currency: z.string().min(1).max(8).default('USD'),
});

const endpointSchema = z.strictObject({
  /** Address that `/chat/completions` is appended to, such as `http://gpu-host:8000/v1`. */
  baseUrl: httpAddress,
  /** Name of the environment variable that holds the key. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of an environment variable')
    .optional(),
  /** Most calls in flight. */
  maxConcurrency: count.default(64),
  /** Longest wait for one completion, seconds. */
  timeoutSeconds: z
    .number()
    .gt(0)
    .max(
      longestTimeoutSeconds,
      `must be at most ${longestTimeoutSeconds}: a turn is up to two calls, and has ${turnMinutes} minutes`,
    )
    .default(600),
  /** The endpoint's name by our name of a model, if they differ. */
  models: z.record(z.string(), z.string()).default({}),
  /** Prices of its tokens: for reports and comparisons in money, and for `limits.usd`. */
  prices: pricesSchema.optional(),
});

const configFileSchema = z.strictObject({
  /** Folders outside MAFT_DATA that a specification may read data from; relative ones are below MAFT_DATA. */
  dataFolders: z.array(z.string().min(1)).default([]),
  disk: z
    .strictObject({
      /** Free bytes below which runs are paused; 0: never, undefined: the smaller of 1 GB and 2 % of the file system. */
      marginBytes: z.int().min(0).optional(),
    })
    .default({}),
  endpoints: z
    .record(z.string(), endpointSchema)
    .refine((endpoints) => !('embedded' in endpoints), {
      path: ['embedded'],
      error: 'is the model server that `maft up` starts: see `server`',
    })
    .default({}),
  ports: z.strictObject({ temporal: port, temporalUi: port, modelServer: port }).partial().default({}),
  trainer: z
    .strictObject({
      device: z.enum(['auto', 'cpu', 'cuda', 'mps']).default('auto'),
      /** Torch threads of one training on a CPU; part of what makes weights repeatable. */
      threads: count.default(1),
      /** Trainings at the same time; undefined: one per core, or one per GPU. */
      slots: count.optional(),
      /** GPUs for trainings, by index or UUID; undefined: those in CUDA_VISIBLE_DEVICES, else all. */
      gpus: z
        .array(z.union([z.int().min(0).transform(String), z.string().min(1)]))
        .min(1)
        .optional(),
    })
    .prefault({}),
  grader: z
    .strictObject({
      /** Pairs of mathematical answers compared at the same time; undefined: one per core, four at most. */
      processes: count.optional(),
      /** Time limit of one pair, seconds. */
      timeLimitSeconds: z.number().gt(0).max(600).default(5),
    })
    .prefault({}),
  /** What serves the endpoint `embedded`. */
  engine: z.enum(engines).default(ownEngine),
  vllm: z
    .strictObject({
      /** The user's own vLLM, such as `/opt/vllm/bin/vllm`; undefined: the one that `maft setup vllm` installs. */
      command: z.string().min(1).optional(),
      /** Adapters that one batch may mix; undefined: as many as the agents of the run, six if no run is known. */
      maxLoras: count.optional(),
      /** Highest rank of adapters; undefined: that of the run, 16 if no run is known. */
      maxLoraRank: count.optional(),
      /** Whether it gives its memory back while agents are trained: for one GPU that both need. */
      sleep: z.boolean().default(false),
      /** Further arguments of `vllm serve`. */
      arguments: z.array(z.string()).default([]),
    })
    .prefault({}),
  /** Programs of users that specifications may choose by name (`task: {kind: module, module: NAME}`), by their paths. */
  taskModules: z.record(z.string(), z.string().min(1)).default({}),
  server: z
    .strictObject({
      /** Torch threads; undefined: one for a small model, else one per core. */
      threads: count.optional(),
      /** Completions written at the same time. */
      maxBatch: count.optional(),
      /** Weight versions in memory beside the base models. */
      maxLoaded: count.optional(),
      /** Memory for keys and values of all completions; undefined: a quarter of what is free. */
      cacheGib: z.number().gt(0).optional(),
      /** Number format of the forward pass; undefined: the narrowest in which batches do not show in the text (a processor), the stored one (a GPU). */
      precision: z.enum(['float32', 'float64', 'bfloat16']).optional(),
      /** What its tokens are to cost in reports and `limits.usd`; undefined: unknown, as for any endpoint. */
      prices: pricesSchema.optional(),
    })
    .default({}),
});

type ConfigFile = z.infer<typeof configFileSchema>;
type Environment = Record<string, string | undefined>;

export interface MachineConfig {
  /** Absolute. */
  maftHome: string;
  /** Absolute path, or an address such as `s3://bucket/prefix`. */
  store: string;
  /** Absolute. */
  data: string;
  dataFolders: ConfigFile['dataFolders'];
  disk: ConfigFile['disk'];
  temporal: TemporalService;
  /** The user's own Python and `temporal`, if set. */
  python: string | undefined;
  temporalProgram: string | undefined;
  /** Address of the embedded model server without `/v1` (`http://127.0.0.1:8237`), set by the platform for its worker. */
  modelServer: string | undefined;
  endpoints: ConfigFile['endpoints'];
  ports: ConfigFile['ports'];
  trainer: ConfigFile['trainer'];
  grader: ConfigFile['grader'];
  server: ConfigFile['server'];
  engine: ConfigFile['engine'];
  vllm: ConfigFile['vllm'];
  taskModules: ConfigFile['taskModules'];
}

/** Which Temporal service the machine uses. */
export interface TemporalService {
  /** A server of the user's own; undefined: one that the program starts itself. */
  address: string | undefined;
  namespace: string;
  /** For a worker started by `maft up`: the address of that platform's server. */
  embedded?: string | undefined;
}

/** An endpoint with its key, ready to be called. */
export interface ResolvedEndpoint {
  name: string;
  baseUrl: string;
  apiKey: string | undefined;
  maxConcurrency: number;
  timeoutMs: number;
  /** Wire name by model name; others go as they are. */
  wireNames: Record<string, string>;
}

/** The embedded server batches across callers: this many calls keep it busy, more would only wait there. */
export const embeddedConcurrency = 192;

/**
 * A small machine holds few calls to a large model in memory at a time; the others wait, which is no reason to ask again.
 * A server that has died is noticed at once, and the activity has its own timeout.
 */
const longestEmbeddedWait = turnMinutes * 60_000;

/** Throws one `ConfigError` with a line for each problem. */
export function loadConfig(environment: Environment = process.env): MachineConfig {
  const home = maftHome(environment);
  const file = readConfigFile(join(home, 'config.yaml'));
  return {
    maftHome: home,
    store: storeRoot(environment),
    data: dataDirectory(environment),
    temporal: temporalService(environment),
    python: environment.MAFT_PYTHON || undefined,
    temporalProgram: environment.MAFT_TEMPORAL || undefined,
    modelServer: modelServerOf(environment),
    ...file,
    engine: engineOf(environment) ?? file.engine,
  };
}

/** Of a worker: what the platform that started it, or its operator, says. */
function engineOf(environment: Environment): EngineName | undefined {
  const name = environment.MAFT_ENGINE;
  if (!name) return undefined;
  const found = engines.find((each) => each === name);
  if (found !== undefined) return found;
  throw new ConfigError(`MAFT_ENGINE is "${name}": it must be one of ${engines.join(', ')}`);
}

/** Trainers that a machine has, as `finetuning.trainer` names them. */
const trainerNames = ['local'] as const;
export type TrainerName = (typeof trainerNames)[number];

/** Throws `ConfigError` for a trainer that no machine has. */
export function requireTrainer(name: string): TrainerName {
  const found = trainerNames.find((each) => each === name);
  if (found !== undefined) return found;
  throw new ConfigError(
    `finetuning.trainer: this machine has no trainer "${name}"; it has: ${trainerNames.join(', ')}`,
  );
}

/** What the tokens of an endpoint cost, if config.yaml says it. */
export function pricesOf(
  { endpoints, server }: Pick<MachineConfig, 'endpoints' | 'server'>,
  endpoint: string,
): Prices | undefined {
  return endpoint === 'embedded' ? server.prices : endpoints[endpoint]?.prices;
}

/**
 * The endpoint a run specification names: `embedded`, or one of config.yaml. Throws `ConfigError` for an unknown one, for
 * a key that is not set, and for `embedded` if no model server runs.
 */
export function resolveEndpoint(
  config: MachineConfig,
  name: string,
  environment: Environment = process.env,
): ResolvedEndpoint {
  if (name === 'embedded') return embeddedEndpoint(config);
  const endpoint = config.endpoints[name];
  if (endpoint === undefined) {
    const known = ['embedded', ...Object.keys(config.endpoints)].join(', ');
    throw new ConfigError(`endpoint "${name}" is not in ${join(config.maftHome, 'config.yaml')}; it has: ${known}`);
  }
  const { baseUrl, maxConcurrency, timeoutSeconds, models } = endpoint;
  return {
    name,
    baseUrl,
    apiKey: apiKeyOf(name, endpoint.apiKeyEnv, environment),
    maxConcurrency,
    timeoutMs: timeoutSeconds * 1000,
    wireNames: models,
  };
}

function embeddedEndpoint(config: MachineConfig): ResolvedEndpoint {
  if (config.modelServer === undefined) {
    throw new ConfigError(
      'the endpoint "embedded" needs the model server that `maft up` starts: set MAFT_MODEL_SERVER to its address, or name an endpoint of config.yaml',
    );
  }
  const timeoutMs = longestEmbeddedWait;
  const common = { apiKey: undefined, maxConcurrency: embeddedConcurrency, timeoutMs, wireNames: {} };
  return { name: 'embedded', baseUrl: `${config.modelServer}/v1`, ...common };
}

/** Removes a final `/` or `/v1`, because callers append `/v1`. */
function modelServerOf(environment: Environment): string | undefined {
  const address = environment.MAFT_MODEL_SERVER;
  if (!address) return undefined;
  const checked = httpAddress.safeParse(address);
  if (checked.success) return address.replace(/\/*$/, '').replace(/\/v1$/, '').replace(/\/*$/, '');
  const problems = checked.error.issues.map(({ message }) => message).join('; ');
  throw new ConfigError(`MAFT_MODEL_SERVER: ${problems}. It is an address such as http://127.0.0.1:8237`);
}

function apiKeyOf(endpoint: string, variable: string | undefined, environment: Environment): string | undefined {
  if (variable === undefined) return undefined;
  const source = `endpoint "${endpoint}" takes its key from the environment variable ${variable}`;
  const key = environment[variable];
  if (!key) throw new ConfigError(`${source}, which is not set`);
  // A copied key may contain a line break or a typographic quote, which cannot be sent in a header.
  if (!/^[\x20-\x7e]+$/.test(key)) {
    throw new ConfigError(`${source}, which holds something else than printable ASCII characters`);
  }
  return key;
}

/**
 * TEMPORAL_ADDRESS or TEMPORAL_PROFILE name the user's own server. A profile file alone does not: it may be there
 * for other work, and a demo must not use a cluster that was not named for it.
 */
function temporalService(environment: Environment): TemporalService {
  const profile = environment.TEMPORAL_PROFILE;
  if (!environment.TEMPORAL_ADDRESS && !profile) {
    const embedded = environment.MAFT_EMBEDDED_TEMPORAL || undefined;
    return { address: undefined, namespace: environment.TEMPORAL_NAMESPACE || 'default', embedded };
  }
  const { address, namespace } = temporalProfile(environment);
  const source = environment.TEMPORAL_ADDRESS ? 'TEMPORAL_ADDRESS' : `the address of TEMPORAL_PROFILE ${profile}`;
  if (!address) throw new ConfigError(`${source} is not set: give it there, or set TEMPORAL_ADDRESS`);
  if (!/^[^\s/:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/.test(address)) {
    throw new ConfigError(`${source} is "${address}": it must be host:port, such as 127.0.0.1:7233`);
  }
  return { address, namespace: namespace || 'default' };
}

function readConfigFile(file: string): ConfigFile {
  const result = configFileSchema.safeParse(existsSync(file) ? parseYaml(file) : {});
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap((issue) => describe(file, issue)).join('\n'));
}

function parseYaml(file: string): unknown {
  try {
    // An empty file is null.
    return parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    const reason = error instanceof YAMLParseError ? error.message.split('\n')[0] : (error as Error).message;
    throw new ConfigError(`${file} cannot be read: ${reason}`);
  }
}

function describe(file: string, issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [`${file}: ${path === '' ? 'the file' : path}: ${issue.message}`];
  return issue.keys.map((key) => {
    const advice = /^(api)?key$/i.test(key)
      ? 'keys belong in the environment: name the variable with apiKeyEnv'
      : 'no such setting';
    return `${file}: ${[...issue.path, key].join('.')}: ${advice}`;
  });
}
