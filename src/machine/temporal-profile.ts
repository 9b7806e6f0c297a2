/** Temporal's own configuration, read as its tools read it: a profile of its file, with TEMPORAL_* in its place. */
import { loadClientConfigProfile, toClientOptions, type ClientConfigProfile } from '@temporalio/envconfig';
import { ConfigError } from '../errors';

type Environment = Record<string, string | undefined>;
type ConnectionSettings = ReturnType<typeof toClientOptions>['connectionOptions'];

/** The profile that TEMPORAL_PROFILE names, or the default one. Throws `ConfigError` if it cannot be read. */
export function temporalProfile(environment: Environment): ClientConfigProfile {
  return readable(() => loadClientConfigProfile({ overrideEnvVars: variablesThatSay(environment) }));
}

/** Address, TLS and API key of that profile. Also throws `ConfigError` if a certificate cannot be read. */
export function connectionSettings(environment: Environment): ConnectionSettings {
  const profile = temporalProfile(environment);
  return readable(() => toClientOptions(profile).connectionOptions);
}

/** A variable without a value says nothing, as everywhere here; only a header's takes the profile's away. */
function variablesThatSay(environment: Environment): Record<string, string> {
  const says = (entry: [string, string | undefined]): entry is [string, string] =>
    Boolean(entry[1]) || (entry[1] === '' && entry[0].startsWith('TEMPORAL_GRPC_META_'));
  return Object.fromEntries(Object.entries(environment).filter(says));
}

function readable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    // The sentences of the library and of the file system name the profile or the file.
    throw new ConfigError(`Temporal's configuration cannot be read: ${(error as Error).message}`);
  }
}
