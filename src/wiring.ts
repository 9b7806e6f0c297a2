/** Wires the ports of this machine: which store, which endpoints, which trainer. The only place where adapters meet activities. */
import { availableParallelism } from 'node:os';
import type { Connection } from '@temporalio/client';
import type { ActivityDependencies } from '../activities';
import { openStore } from './machine/open-store';
import { pricesOf, requireTrainer, resolveEndpoint, type MachineConfig, type TrainerName } from './machine/config';
import { packageVersion, pythonPackagesDirectory } from './machine/paths';
import type { GpuPool } from './machine/gpus';
import type { Ledger, Platform, SharedDevice, Trainer } from './ports';
import { programParts } from './program';
import { JobRunner } from './providers/job-runner';
import { LocalTrainer } from './providers/local-trainer';
import { MathVerifyGrader } from './providers/math-verify-grader';
import { mathVerifyVersions } from './providers/math-verify-versions';
import { OpenAiEndpoint } from './providers/openai-endpoint';
import { OpenAiInference } from './providers/openai-inference';
import { OpenAiScoring } from './providers/openai-scoring';
import { VllmServing } from './providers/vllm-serving';
import { embeddedEndpoint } from './domain/society';
import { hasNvidiaGpu } from './machine/setup/install-packages';
import { ownDevice, SleepingServer } from './providers/shared-device';
import { openLedger, paidInference, paidScoring, paidTrainer } from './providers/paid-door';
import { baseModelsOnce, basesAsPinned, requireReadableModel } from './machine/setup/model-folder';
import { stderrListener } from './machine/setup/progress';
import { isRefusal, usableSearchAttributes } from './machine/setup/search-attributes';
import { graderFor, taskAccess, taskFor } from './tasks';

/** The adapters that answer: endpoints and tasks. */
export interface WiredAnswering {
  inference: ActivityDependencies['inference'];
  scoring: ActivityDependencies['scoring'];
  serving: ActivityDependencies['serving'];
  task: ActivityDependencies['task'];
  /** Ends open connections. */
  close(): Promise<void>;
}

/** All paid actions, of runs and of commands, pass this one ledger. */
const ledger: Ledger = openLedger;

/** @param asker The account for calls that name none: a command. */
export function wireAnswering(config: MachineConfig, asker = 'a worker'): WiredAnswering {
  const endpoints = openEndpoints(config);
  const access = taskAccess(config.maftHome, config.taskModules);
  return {
    inference: (by, account = asker) => paidInference(ledger, { by, account }, new OpenAiInference(endpoints.of(by))),
    scoring: (by, account = asker) => paidScoring(ledger, { by, account }, new OpenAiScoring(endpoints.of(by))),
    serving: (by) => new VllmServing(endpoints.of(by), by === embeddedEndpoint && !hasNvidiaGpu()),
    task: (settings) => taskFor(settings, { dataDirectory: config.data, dataFolders: config.dataFolders, access }),
    close: () => endpoints.close(),
  };
}

export interface WiredMachine {
  dependencies: ActivityDependencies;
  /** Starts the trainer's template early, because the first training would wait for it (torch takes seconds to import). */
  warmUp(): Promise<void>;
  /** Ends the trainer's processes and open connections. */
  close(): Promise<void>;
}

/**
 * @param temporal A connection to the Temporal service, which stays the caller's.
 * @param gpus What trainings with CUDA share; absent: they see all GPUs.
 */
export function wireMachine(
  config: MachineConfig,
  python: string,
  temporal: { connection: Connection; namespace: string },
  gpus?: GpuPool,
): WiredMachine {
  const { close: closeAnswering, ...answering } = wireAnswering(config);
  const mathVerify = mathVerifyGrader(config, python);
  const { device, threads } = config.trainer;
  const store = openStore(config);
  const runner = new JobRunner({
    python,
    pythonPath: pythonPackagesDirectory(),
    device,
    killGraceMs: 20_000,
    ...(gpus ? { gpus } : {}),
  });
  const findOrFetch = baseModelsOnce({ python, listener: stderrListener() });
  const sharedDevice = sharedDeviceOf(config);
  const local = new LocalTrainer(runner, {
    ...{ folders: store, device, threads, sharedDevice },
    pinBase: async (base) => (await findOrFetch(base)).base,
    findBase: basesAsPinned(findOrFetch),
    requireReadableModel: (folder) => requireReadableModel(python, folder),
  });
  const trainers: Record<TrainerName, Trainer> = { local };
  return {
    dependencies: {
      store,
      ...answering,
      grader: (reader) => (reader.equal === undefined ? mathVerify : graderFor(reader)),
      trainer: (name) => paidTrainer(ledger, name, trainers[requireTrainer(name)]),
      platform: temporalPlatform(temporal.connection, temporal.namespace),
      machine: {
        program: programParts,
        mathVerify: () => mathVerifyVersions(python),
        readsControlTokens: (endpoint) => endpoint !== embeddedEndpoint || config.engine === 'vllm',
        prices: (endpoint) => pricesOf(config, endpoint),
        versions: { maft: packageVersion(), node: process.version, platform: `${process.platform}-${process.arch}` },
      },
    },
    warmUp: async () => {
      await sharedDevice.reclaim();
      await runner.warmUp();
    },
    async close() {
      await Promise.all([runner.close(), mathVerify.close(), closeAnswering()]);
    },
  };
}

/** A vLLM of this machine's platform that sleeps while agents are trained. */
function sharedDeviceOf({ engine, vllm, modelServer }: MachineConfig): SharedDevice {
  if (engine !== 'vllm' || !vllm.sleep || modelServer === undefined) return ownDevice;
  return new SleepingServer({ url: modelServer, say: stderrListener() });
}

interface Endpoints {
  /** One client per endpoint, made when it is first asked. Throws like `resolveEndpoint`. */
  of(name: string): OpenAiEndpoint;
  close(): Promise<void>;
}

/** The configured endpoints of this machine. */
function openEndpoints(config: MachineConfig): Endpoints {
  const made = new Map<string, OpenAiEndpoint>();
  return {
    of(name) {
      const endpoint = made.get(name) ?? new OpenAiEndpoint(resolveEndpoint(config, name));
      made.set(name, endpoint);
      return endpoint;
    },
    async close() {
      await Promise.all([...made.values()].map((endpoint) => endpoint.close()));
    },
  };
}

/** Equality by computer algebra; starts no process before the first pair that needs it. */
export function mathVerifyGrader({ grader }: Pick<MachineConfig, 'grader'>, python: string): MathVerifyGrader {
  return new MathVerifyGrader({
    python,
    pythonPath: pythonPackagesDirectory(),
    processes: grader.processes ?? Math.min(mostGraderProcesses, availableParallelism()),
    timeLimitMs: grader.timeLimitSeconds * 1000,
  });
}

/** More would take memory (some 200 MB each) for a step that is short. */
const mostGraderProcesses = 4;

function temporalPlatform(connection: Connection, namespace: string): Platform {
  return {
    async registeredSearchAttributes() {
      try {
        return await usableSearchAttributes(connection, namespace);
      } catch (error) {
        if (isRefusal(error)) return [];
        throw error;
      }
    },
  };
}
