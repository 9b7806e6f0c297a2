/** Set-up as the commands call it: afterwards everything a platform needs is on this machine. */
import type { MachineConfig } from '../config';
import type { SetupListener } from './progress';
import { ensurePythonEnvironment, type PythonEnvironment } from './python-environment';
import { ensureTemporalCli, type TemporalCli } from './temporal-cli';

export interface PreparedMachine {
  python: PythonEnvironment;
  /** Undefined if the configuration names a Temporal server (`TEMPORAL_ADDRESS`). */
  temporal: TemporalCli | undefined;
}

/** Makes or fetches what is missing, saying what and how large. Throws `ConfigError`. */
export async function prepareMachine(config: MachineConfig, listener: SetupListener): Promise<PreparedMachine> {
  const python = await ensurePythonEnvironment({ listener, ownPython: config.python });
  if (config.temporal.address !== undefined) return { python, temporal: undefined };
  const temporal = await ensureTemporalCli({ listener, ownProgram: config.temporalProgram, python: python.program });
  return { python, temporal };
}
